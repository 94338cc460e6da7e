import type { GuestFile } from "@cco/backend";

import { readAsset } from "@cco/exec";
import { SandboxError } from "../errors.js";
import type { AgentPlan, AgentProfile } from "./profile.js";

/** Folder of the blocks and their runner, in the guest's home. */
const FOLDER = ".cco/runbook";

const SHELLS = new Set(["sh", "bash"]);

/** One fenced block of a plan. */
export interface RunbookBlock {
  readonly shell: "sh" | "bash";
  readonly script: string;
  /** Line of the plan that its fence is on. */
  readonly line: number;
}

/**
 * Carries out a plan's fenced `sh` and `bash` blocks in order, without a model: each a
 * process of its own in the repository's root, stopping at the first that fails.
 */
export const runbook: AgentProfile = {
  name: "runbook",
  programs: [],
  end: "exits",
  network: { policy: "none", allow: [] },
  argv: ({ paths, plan }) => ["sh", `${paths.home}/${FOLDER}/run`, plan.path],
  files,
};

/** The blocks of a plan, wherever they stand (in a list, in a quote). */
export async function runbookBlocks(text: string): Promise<readonly RunbookBlock[]> {
  const { fromMarkdown } = await import("mdast-util-from-markdown");
  const blocks: RunbookBlock[] = [];
  const visit = (node: MarkdownNode): void => {
    const shell = node.lang?.toLowerCase();
    if (node.type === "code" && shell !== undefined && SHELLS.has(shell)) {
      blocks.push({
        shell: shell as RunbookBlock["shell"],
        script: `${node.value ?? ""}\n`,
        line: node.position?.start.line ?? 0,
      });
    }
    for (const child of node.children ?? []) visit(child);
  };
  // A carriage return would be a part of each command.
  visit(fromMarkdown(text.replace(/\r\n?/g, "\n")));
  return blocks;
}

interface MarkdownNode {
  readonly type: string;
  readonly lang?: string | null | undefined;
  readonly value?: string;
  readonly position?: { readonly start: { readonly line: number } } | undefined;
  readonly children?: readonly MarkdownNode[];
}

async function files(plan: AgentPlan): Promise<readonly GuestFile[]> {
  const blocks = await runbookBlocks(plan.text);
  if (blocks.length === 0) {
    throw new SandboxError(
      "PLAN_HAS_NO_STEPS",
      // One from outside the repository has its name only: the folder is of cco's making.
      `the plan has no fenced sh or bash block: ${plan.path.replace(/^\.cco\/plan\//, "")}`,
      { hint: "a runbook carries out blocks that begin with ```sh or ```bash" },
    );
  }
  return [
    { path: `${FOLDER}/run`, content: await readAsset(new URL("./runbook.sh", import.meta.url)) },
    ...blocks.map(({ shell, line, script }, index) => ({
      path: `${FOLDER}/blocks/${String(index + 1).padStart(4, "0")}.${String(line)}.${shell}`,
      content: script,
    })),
  ];
}
