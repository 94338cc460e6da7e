import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { ExecaRunner } from "@cco/exec";
import { Repo } from "@cco/git";
import { expect } from "vitest";

import {
  intake,
  IntakeError,
  type IntakeRequest,
} from "../../../packages/sandbox/src/intake/index.js";
import { hermeticEnv, makeTempDir, TestRepo } from "../../support/repo.js";

export { TestRepo } from "../../support/repo.js";

export const SESSION = "7f3a9c21";

/** A host repository with something to steal, and a guest's clone of its branch `main`. */
export interface Scene {
  readonly host: TestRepo;
  readonly guest: TestRepo;
  readonly repo: Repo;
  /** The pushed commit. */
  readonly base: string;
  /** A commit and a blob of a host branch that was never pushed. */
  readonly privateCommit: string;
  readonly privateBlob: string;
  readonly privateText: string;
  readonly dir: string;
}

export interface SceneOptions {
  /** More files of the pushed commit. */
  readonly files?: Readonly<Record<string, string>>;
  /** More `git init` arguments of host and guest. */
  readonly initArgs?: readonly string[];
}

/** Long and hardly compressible, so that a changed copy of it is sent as a delta. */
export const PRIVATE_TEXT = Array.from({ length: 300 }, (_, n) =>
  createHash("sha256")
    .update(`private ${String(n)}`)
    .digest("hex"),
).join("\n");

/** Made once for each set of options; every scene is a copy of it. */
const templates = new Map<string, string>();

export async function makeScene(options: SceneOptions = {}): Promise<Scene> {
  const key = JSON.stringify(options);
  const template = templates.get(key) ?? makeTemplate(options);
  templates.set(key, template);
  const dir = makeTempDir("cco-attack-");
  cpSync(template, dir, { recursive: true, verbatimSymlinks: true });
  const env = hermeticEnv(join(dir, "env"));
  const host = new TestRepo(join(dir, "host"), env);
  const guest = new TestRepo(join(dir, "guest"), env);
  const [base = "", privateCommit = "", privateBlob = ""] = host
    .git("rev-parse", "main", "private", "private:secret.txt")
    .split("\n");
  const repo = await openRepo(host);
  return { host, guest, repo, base, privateCommit, privateBlob, privateText: PRIVATE_TEXT, dir };
}

function makeTemplate(options: SceneOptions): string {
  const dir = makeTempDir("cco-attack-");
  const env = hermeticEnv(join(dir, "env"));
  const initArgs = options.initArgs ?? [];
  const host = TestRepo.init({ dir: join(dir, "host"), env, initArgs });
  host.commit({ "README.md": "# sample\n", "src/a.txt": "a\n" }, "first");
  const pushed = { "src/b.txt": "b\n", ".gitignore": ".env\nout/\n", ...options.files };
  host.commit(pushed, "second");
  host.git("checkout", "-q", "-b", "private");
  host.commit({ "secret.txt": PRIVATE_TEXT }, "private work");
  host.git("checkout", "-q", "main");
  const guest = TestRepo.init({ dir: join(dir, "guest"), env, initArgs });
  guest.git("fetch", "-q", host.dir, "main");
  guest.git("reset", "-q", "--hard", "FETCH_HEAD");
  return dir;
}

export function openRepo(host: TestRepo): Promise<Repo> {
  return Repo.open(new ExecaRunner({ env: host.env }), host.dir);
}

/** What `collect` makes of a guest: its HEAD and branches, new objects only. */
export function bundle(scene: Scene, ...revisions: string[]): string {
  const file = join(scene.dir, "output.bundle");
  const what = revisions.length > 0 ? revisions : ["HEAD", "--branches"];
  scene.guest.git("bundle", "create", "-q", file, ...what, `^${scene.base}`);
  return file;
}

export interface RawBundle {
  readonly lines: readonly string[];
  /** Ids to pack, `^id` to leave out. Default: no object. */
  readonly objects?: readonly string[];
  /** The pack itself instead. */
  readonly pack?: Uint8Array;
  readonly thin?: boolean;
}

/** A bundle written by hand: any header before any pack. */
export function rawBundle(scene: Scene, raw: RawBundle): string {
  const pack = raw.pack ?? packOf(scene, raw.objects ?? []);
  const file = join(scene.dir, "output.bundle");
  writeFileSync(file, Buffer.concat([Buffer.from(`${raw.lines.join("\n")}\n\n`), pack]));
  return file;
}

/** A pack of exactly these objects. */
export function packOf({ guest, dir }: Scene, objects: readonly string[]): Buffer {
  const name = guest.gitWith(
    { input: objects.map((id) => `${id}\n`).join("") },
    "pack-objects",
    "-q",
    join(dir, "raw"),
  );
  return readFileSync(join(dir, `raw-${name}.pack`));
}

/** Write an object of any content, checked by nobody. @returns its id */
export function object(guest: TestRepo, type: string, content: string | Uint8Array): string {
  return guest.gitWith(
    { input: content },
    "hash-object",
    "-t",
    type,
    "-w",
    "--stdin",
    "--literally",
  );
}

/** A tree as it lies in the store. Entries: mode, name, id; in the order given. */
export function rawTree(guest: TestRepo, entries: readonly [string, string, string][]): string {
  const parts = entries.map(([mode, name, sha]) =>
    Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(sha, "hex")]),
  );
  return object(guest, "tree", Buffer.concat(parts));
}

/** A commit of `tree` on `parents`; HEAD and `main` of the guest are set to it. */
export function commitOf(
  scene: Scene,
  tree: string,
  parents: readonly string[] = [scene.base],
): string {
  const args = parents.flatMap((parent) => ["-p", parent]);
  const commit = scene.guest.git("commit-tree", ...args, "-m", "work", tree);
  scene.guest.git("update-ref", "refs/heads/main", commit);
  return commit;
}

/** The pushed tree's entries and more, as a raw commit: names that `git add` would not take. */
export function commitWith(scene: Scene, entries: readonly [string, string, string][]): string {
  const { guest, base } = scene;
  const lines = guest.git("ls-tree", base).split("\n");
  const old = lines.map((line): [string, string, string] => {
    const [mode = "", , sha = "", name = ""] = line.split(/[ \t]/);
    return [mode.replace(/^0/, ""), name, sha];
  });
  const all = [
    ...old.filter(([, name]) => !entries.some(([, other]) => other === name)),
    ...entries,
  ];
  all.sort((a, b) => Buffer.compare(sortKey(a), sortKey(b)));
  return commitOf(scene, rawTree(guest, all));
}

function sortKey([mode, name]: readonly [string, string, string]): Buffer {
  return Buffer.from(mode === "40000" ? `${name}/` : name);
}

export function request(
  scene: Scene,
  bundleFile: string,
  more: Partial<IntakeRequest> = {},
): IntakeRequest {
  const { repo, base } = scene;
  return { repo, sessionId: SESSION, base, branch: "main", bundleFile, kind: "result", ...more };
}

/** Everything of the host that an intake must not change. */
export function hostState({ host }: Scene): string {
  const hash = createHash("sha256");
  const add = (path: string, name: string): void => {
    const stat = lstatSync(path);
    hash.update(`${name}\0${String(stat.mode)}\0`);
    if (stat.isSymbolicLink()) hash.update(readlinkSync(path));
    else if (stat.isDirectory())
      for (const one of readdirSync(path).sort()) add(join(path, one), `${name}/${one}`);
    else hash.update(readFileSync(path));
    hash.update("\0");
  };
  for (const name of readdirSync(host.dir).sort()) if (name !== ".git") add(host.path(name), name);
  for (const name of ["config", "hooks", "HEAD", "index", "info", "FETCH_HEAD", "ORIG_HEAD"]) {
    if (existsSync(host.path(".git", name))) add(host.path(".git", name), name);
  }
  const home = host.env["HOME"];
  if (home !== undefined) add(home, "~");
  hash.update(host.git("for-each-ref"));
  hash.update(host.git("worktree", "list"));
  return hash.digest("hex");
}

/** The folders of the host's object store: no quarantine may be left. */
export function leftovers({ host }: Scene): string[] {
  const objects = host.path(".git/objects");
  const keeps = readdirSync(join(objects, "pack")).filter((name) => name.endsWith(".keep"));
  return [...readdirSync(objects).filter((name) => name.startsWith("tmp_")), ...keeps];
}

/** Intake must refuse by `rule`, say so, and leave the host as it was. */
export async function expectRefused(
  scene: Scene,
  bundleFile: string,
  rule: string,
  more: Partial<IntakeRequest> = {},
): Promise<IntakeError> {
  const before = hostState(scene);
  const error: unknown = await intake(request(scene, bundleFile, more)).then(
    (report) => report,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof IntakeError)) {
    throw new Error(`not refused: ${JSON.stringify(error)}`, { cause: error });
  }
  expect(error.code).toBe("INTAKE_REFUSED");
  expect(error.message).toContain(rule);
  expect(error.findings.map((finding) => finding.rule)).toContain(rule);
  expect(hostState(scene)).toBe(before);
  expect(leftovers(scene)).toEqual([]);
  expect(
    scene.host.tryGit({}, "rev-parse", "--verify", "-q", `refs/cco/sessions/${SESSION}`).exitCode,
  ).toBe(1);
  return error;
}
