import { BackendError } from "@cco/backend";
import { readAsset, type CommandRunner } from "@cco/exec";

/** A folder of the place's root: itself, or the link that stands for it. */
export interface RootFolder {
  readonly path: string;
  /** Where the link points, or `null` for a folder. */
  readonly target: string | null;
}

/** What `place.sh` found out about the place where the sandbox runs. */
export interface Place {
  /** cco's data folder there. */
  readonly data: string;
  readonly uid: number;
  /** Absolute paths of `bwrap`, `tmux`, `git`, `tar`, `node`, where they are. */
  readonly tools: Readonly<Record<string, string>>;
  readonly root: readonly RootFolder[];
  /** Under `/proc`: what must not be written, and what must not be read. */
  readonly procReadOnly: readonly string[];
  readonly procMasked: readonly string[];
}

/** How requested programs are made visible. */
export interface Programs {
  /** Name on the guest's PATH, and the real file. */
  readonly links: Readonly<Record<string, string>>;
  /** Absolute names that are links in the place. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Files and folders to show read-only, at their own place. */
  readonly binds: readonly string[];
}

export interface Surveyed {
  readonly place: Place;
  readonly programs: Programs;
}

/**
 * Look at the place, and for `programs` there.
 *
 * @throws {BackendError} `PROGRAM_NOT_FOUND`.
 */
export async function survey(
  runner: CommandRunner,
  dataDir: string | undefined,
  programs: readonly string[],
): Promise<Surveyed> {
  const script = await readAsset(new URL("./place.sh", import.meta.url));
  const argv = ["sh", "-c", script, "place", dataDir ?? "-", ...programs];
  const result = await runner.run(argv);
  if (result.exitCode !== 0) {
    throw new BackendError("BACKEND_FAILED", `cannot look at the place: ${result.stderr.trim()}`);
  }
  return parseSurvey(result.stdout.toString("utf8"));
}

/**
 * What `place.sh` printed.
 *
 * @throws {BackendError} `PROGRAM_NOT_FOUND`: a requested program, or an interpreter of one.
 */
export function parseSurvey(stdout: string): Surveyed {
  const facts = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
  const one = (key: string): readonly string[] =>
    facts.filter(([name]) => name === key).map(([, value = ""]) => value);
  const two = (key: string): Record<string, string> =>
    Object.fromEntries(
      facts.filter(([name]) => name === key).map(([, first = "", second = ""]) => [first, second]),
    );
  const [missing] = one("missing");
  if (missing !== undefined) throw programNotFound(missing);
  const root = [
    ...one("folder").map((path) => ({ path, target: null })),
    ...Object.entries(two("link")).map(([path, target]) => ({ path, target })),
  ];
  return {
    place: {
      data: one("data")[0] ?? "",
      uid: Number(one("uid")[0]),
      tools: two("tool"),
      root,
      procReadOnly: one("readonly"),
      procMasked: one("masked"),
    },
    programs: {
      links: two("program"),
      aliases: two("alias"),
      binds: withoutInner([...new Set(one("bind"))]),
    },
  };
}

/** A folder shows what lies in it. */
function withoutInner(paths: readonly string[]): readonly string[] {
  return paths.filter((path) => !paths.some((other) => path.startsWith(`${other}/`)));
}

function programNotFound(program: string): BackendError {
  return new BackendError("PROGRAM_NOT_FOUND", `program not found: ${program}`, {
    hint: `install ${program} where the sandbox runs, or put it on PATH there`,
  });
}
