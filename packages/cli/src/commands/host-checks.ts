import type { BackendCheck } from "@cco/backend";
import { RunError, type CommandRunner } from "@cco/exec";

const GIT_MINIMUM = "2.38";
const TMUX_MINIMUM = "3.2";
const NODE_MINIMUM = "20.19";

/** What `cco` itself needs on this machine. */
export async function hostChecks(runner: CommandRunner): Promise<readonly BackendCheck[]> {
  const [git, tmux] = await Promise.all([
    toolCheck(runner, { name: "git", argv: ["git", "--version"], minimum: GIT_MINIMUM }),
    toolCheck(runner, { name: "tmux", argv: ["tmux", "-V"], minimum: TMUX_MINIMUM }),
  ]);
  return [
    judge("node", process.versions.node, NODE_MINIMUM, "install Node 20.19 or newer"),
    git,
    tmux,
  ];
}

interface Tool {
  readonly name: string;
  readonly argv: readonly string[];
  readonly minimum: string;
}

async function toolCheck(runner: CommandRunner, tool: Tool): Promise<BackendCheck> {
  const fix = `install ${tool.name} ${tool.minimum} or newer: apt-get install ${tool.name}`;
  try {
    const { stdout } = await runner.run(tool.argv, { env: { LC_ALL: "C" } });
    const version = /\d+\.\d+[.\da-z]*/.exec(stdout.toString("utf8"))?.[0];
    if (version === undefined)
      return { name: tool.name, ok: false, detail: "no version told", fix };
    return judge(tool.name, version, tool.minimum, fix);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return { name: tool.name, ok: false, detail: "not found", fix };
  }
}

function judge(name: string, version: string, minimum: string, fix: string): BackendCheck {
  const numbers = (text: string): readonly number[] => text.split(".").map((n) => parseInt(n, 10));
  const [major = 0, minor = 0] = numbers(version);
  const [leastMajor = 0, leastMinor = 0] = numbers(minimum);
  const ok = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  return ok
    ? { name, ok, detail: version }
    : { name, ok, detail: `${version}, older than ${minimum}`, fix };
}
