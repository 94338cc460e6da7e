import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** How the prompt begins that agents without skills get; each scene's plan is there. */
export const PROMPT = "Carry out the plan in the file docs/plan.md.";

/** One of the agents that are too large for every test run, as installed. */
export interface AgentPackage {
  readonly name: string;
  readonly version: string;
  /** Folder with its program in it, to be put on PATH. */
  readonly bin: string;
  /** Why tests with it are skipped, or `null`. */
  readonly missing: string | null;
}

/** An agent of `test/model/agent-packages`: `pnpm test:agents` installs them. */
export function agentPackage(wanted: string): AgentPackage {
  const lines = readFileSync(`${root}/test/model/agent-packages`, "utf8").trim().split("\n");
  for (const line of lines) {
    const [name = "", , version = ""] = line.split(" ");
    if (name !== wanted) continue;
    const bin = `${root}/.cache/${name}-${version}/node_modules/.bin`;
    const missing = existsSync(`${bin}/${name}`) ? null : "not installed: pnpm test:agents";
    return { name, version, bin, missing };
  }
  throw new Error(`test/model/agent-packages has no ${wanted}`);
}
