import { BackendError, type SetUpReport } from "@cco/backend";
import { readAsset, type CommandRunner } from "@cco/exec";

/** Raised with every change of what `provision.sh` makes. */
const PROVISION_VERSION = 1;

/** A program of an agent, and the command that installs it, run as root in the VM. */
export interface ProvisionTool {
  readonly program: string;
  readonly install: string;
}

/** `provision.sh` as one script with its arguments in it, for a VM's own first boot. */
export async function provisionScript(tools: readonly ProvisionTool[]): Promise<string> {
  const words = argumentsOf(tools).map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const script = await readAsset(new URL("./provision.sh", import.meta.url));
  const [shebang = "", ...rest] = script.split("\n");
  return [shebang, `set -- ${words.join(" ")}`, ...rest].join("\n");
}

/**
 * Bring a machine up to what this version needs. Safe to repeat.
 *
 * @param runner runs programs there, as root or as a user whose `sudo` asks nothing.
 * @throws {BackendError} `BACKEND_FAILED`: a tool that every session needs could not be had.
 */
export async function provision(
  runner: CommandRunner,
  tools: readonly ProvisionTool[],
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<SetUpReport> {
  const script = await readAsset(new URL("./provision.sh", import.meta.url));
  const asRoot = '[ "$(id -u)" = 0 ] && exec sh -s -- "$@"; exec sudo -n sh -s -- "$@"';
  const argv = ["sh", "-c", asRoot, "provision", ...argumentsOf(tools)];
  const result = await runner.run(argv, { ...options, stdin: Buffer.from(script) });
  const report = parseReport(result.stdout.toString("utf8"));
  if (result.exitCode === 0 && report !== null) return report;
  const missing = report?.missing.join(", ") ?? "";
  const words = result.stderr.trim().split("\n").slice(-3).join("\n");
  throw new BackendError(
    "BACKEND_FAILED",
    `the VM could not be provisioned${missing === "" ? "" : ` (missing: ${missing})`}: ${words}`,
    { hint: "when it has network: cco box provision --backend lima" },
  );
}

function argumentsOf(tools: readonly ProvisionTool[]): readonly string[] {
  return [
    String(PROVISION_VERSION),
    ...tools.flatMap(({ program, install }) => [program, install]),
  ];
}

/** What `provision.sh` printed; `null` where it did not come to its end. */
function parseReport(stdout: string): SetUpReport | null {
  const rows = stdout.split("\n").map((line) => line.split("\t"));
  const of = (kind: string): readonly string[] =>
    rows.flatMap(([word, text]) => (word === kind && text !== undefined ? [text] : []));
  const version = rows.find(([word]) => word === "version");
  if (version === undefined) return null;
  const [, before = "none", now = ""] = version;
  return {
    before: before === "none" ? null : before,
    version: now,
    changed: of("changed"),
    missing: of("missing"),
  };
}
