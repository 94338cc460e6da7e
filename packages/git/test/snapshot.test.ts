import {
  chmodSync,
  existsSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { ExecaRunner } from "@cco/exec";
import { Repo, snapshotCommit, type SnapshotOptions } from "@cco/git";
import { expect, it } from "vitest";

import { makeTempDir, PERSON, TestRepo, type Env } from "../../../test/support/repo.js";

async function snapshot(test: TestRepo, options: SnapshotOptions = {}, env: Env = test.env) {
  const repo = await Repo.open(new ExecaRunner({ env }), test.dir);
  return snapshotCommit(repo, options);
}

async function commitOf(test: TestRepo, options: SnapshotOptions = {}): Promise<string> {
  const made = await snapshot(test, options);
  if (made === null) throw new Error("no snapshot was made");
  return made.commit;
}

function names(test: TestRepo, commit: string): string[] {
  return test
    .git("-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", "-z", commit)
    .split("\0")
    .filter((name) => name !== "");
}

/** All that a snapshot must leave alone. */
function stateOf(test: TestRepo) {
  return {
    status: test.git("status", "--porcelain=v2", "--branch", "--ignored"),
    index: readFileSync(test.path(".git/index")).toString("base64"),
    refs: test.git("for-each-ref"),
    reflog: test.git("reflog"),
    stash: test.git("stash", "list"),
  };
}

it("is nothing for a clean worktree, ignored files or not", async () => {
  const test = TestRepo.withCommit();
  test.commit({ ".gitignore": "*.log\n" });
  test.write({ "x.log": "ignored\n" });
  expect(await snapshot(test)).toBeNull();
});

it("holds what is staged, changed, deleted and untracked, and changes nothing here", async () => {
  const test = TestRepo.withCommit();
  test.commit({ ".gitignore": "*.log\n", changed: "1", deleted: "1", staged: "1", both: "1" });
  test.write({ staged: "2", both: "2" });
  test.git("add", "staged", "both");
  test.write({ changed: "2", deleted: null, both: "3", "new dir/new": "new", "x.log": "ignored" });
  test.git("rm", "-q", "--cached", "README.md");
  const before = stateOf(test);

  const commit = await commitOf(test);
  expect(stateOf(test)).toEqual(before);
  expect(names(test, commit)).toEqual([
    ".gitignore",
    "README.md",
    "both",
    "changed",
    "new dir/new",
    "staged",
  ]);
  expect(test.git("show", `${commit}:both`)).toBe("3");
  expect(test.rev(`${commit}^`)).toBe(test.rev("HEAD"));
  expect(test.git("log", "-1", "--format=%an|%ae|%cn|%ce|%s", commit)).toBe(
    `${PERSON.name}|${PERSON.email}|${PERSON.name}|${PERSON.email}|uncommitted changes`,
  );
});

it("sees a change of the same size in the second in which the index was written", async () => {
  const test = TestRepo.withCommit();
  test.git("config", "core.trustCtime", "false");
  const second = 1_700_000_000;
  const write = (content: string): void => {
    // In place: its inode stays.
    writeFileSync(test.path("README.md"), content);
    utimesSync(test.path("README.md"), second, second);
  };
  write("one\n");
  test.git("add", "README.md");
  utimesSync(test.path(".git/index"), second, second);
  write("two\n");

  const commit = await commitOf(test);
  expect(test.git("show", `${commit}:README.md`)).toBe("two");
});

it("leaves untracked files out when asked", async () => {
  const test = TestRepo.withCommit();
  test.write({ "README.md": "changed", untracked: "x" });
  const commit = await commitOf(test, { includeUntracked: false, message: "-m odd\n\nbody" });
  expect(names(test, commit)).toEqual(["README.md"]);
  expect(test.git("log", "-1", "--format=%B", commit).trim()).toBe("-m odd\n\nbody");
});

it("takes odd names, links, modes and a file in place of a folder", async () => {
  const test = TestRepo.withCommit();
  test.commit({ "folder/inside": "1", file: "1", script: "#!/bin/sh\n" });
  const odd = [
    " lead",
    "-dash",
    "quote\"'$(touch pwned)",
    "line\nbreak",
    "tab\t",
    "ünï 漢",
    ":(top)x",
  ];
  test.write(Object.fromEntries(odd.map((name) => [name, "x"])));
  test.write({ folder: null, file: null });
  test.write({ folder: "now a file", "file/inside": "now a folder" });
  symlinkSync("/etc/passwd", test.path("link"));
  chmodSync(test.path("script"), 0o755);
  const latin = Buffer.concat([Buffer.from(test.path("latin-")), Buffer.from([0xe9])]);
  writeFileSync(latin, "x");

  const commit = await commitOf(test);
  const found = names(test, commit);
  expect(found).toEqual(expect.arrayContaining([...odd, "folder", "file/inside", "link"]));
  expect(found.some((name) => name.startsWith("latin-"))).toBe(true);
  expect(test.git("ls-tree", commit, "link", "script")).toMatch(/^120000.*\n100755/);
  expect(existsSync(test.path("pwned"))).toBe(false);
});

it("leaves repositories inside the worktree out and names them", async () => {
  const test = TestRepo.withCommit();
  TestRepo.withCommit({ env: test.env, dir: test.path("nested/one") });
  TestRepo.init({ env: test.env, dir: test.path("empty one") });
  test.write({ "nested/plain": "x" });

  const made = await snapshot(test);
  expect(made?.nestedRepositories).toEqual(["empty one/", "nested/one/"]);
  expect(names(test, made?.commit ?? "")).toEqual(["README.md", "nested/plain"]);
});

it("keeps the files that a sparse checkout hides", async () => {
  const test = TestRepo.withCommit();
  test.commit({ "a/1": "a", "b/1": "b" });
  test.git("sparse-checkout", "set", "--cone", "a");
  test.write({ "a/1": "changed", "b/new": "outside the cone" });
  expect(existsSync(test.path("b/1"))).toBe(false);
  const commit = await commitOf(test);
  expect(names(test, commit)).toEqual(["README.md", "a/1", "b/1", "b/new"]);
});

it("takes the whole worktree when it is asked from a subfolder", async () => {
  const test = TestRepo.withCommit();
  test.write({ "sub/x": "1", top: "1" });
  const repo = await Repo.open(new ExecaRunner({ env: test.env }), test.path("sub"));
  const made = await snapshotCommit(repo);
  expect(names(test, made?.commit ?? "")).toEqual(["README.md", "sub/x", "top"]);
});

it("works with a split index, an untracked cache and an intent to add", async () => {
  const test = TestRepo.withCommit();
  test.commit({ one: "1", two: "2" });
  test.git("config", "core.splitIndex", "true");
  test.git("config", "core.untrackedCache", "true");
  test.git("update-index", "--split-index");
  test.write({ one: "changed", three: "3" });
  test.git("add", "-N", "three");
  const before = stateOf(test);
  const commit = await commitOf(test);
  expect(names(test, commit)).toEqual(["README.md", "one", "three", "two"]);
  expect(stateOf(test)).toEqual(before);
});

it("runs no program of the repository's configuration but filters", async () => {
  const test = TestRepo.withCommit();
  const trap = join(makeTempDir(), "trap");
  const marker = `${trap}.ran`;
  writeFileSync(trap, `#!/bin/sh\necho "$0 $*" >>'${marker}'\nexit 1\n`, { mode: 0o755 });
  const hooks = ["pre-commit", "post-index-change", "reference-transaction", "post-commit"];
  test.write(Object.fromEntries(hooks.map((hook) => [`.hooks/${hook}`, `#!/bin/sh\n${trap}\n`])));
  for (const hook of hooks) chmodSync(test.path(".hooks", hook), 0o755);
  test.write({ ".gitattributes": "*.up filter=up\n", "x.up": "lower\n", crlf: "a\r\nb\n" });
  const config = {
    "core.hooksPath": ".hooks",
    "core.fsmonitor": trap,
    "commit.gpgSign": "true",
    "gpg.program": trap,
    "diff.external": trap,
    "core.safecrlf": "true",
    "core.autocrlf": "input",
    "core.quotePath": "true",
    "status.showUntrackedFiles": "no",
    "filter.up.clean": "tr a-z A-Z",
    "filter.up.required": "true",
  };
  for (const [key, value] of Object.entries(config)) test.git("config", key, value);

  const commit = await commitOf(test);
  expect(existsSync(marker)).toBe(false);
  expect(test.git("-c", "core.fsmonitor=false", "show", `${commit}:x.up`)).toBe("LOWER");
});

it("commits for nobody where nobody is configured", async () => {
  const test = TestRepo.withCommit();
  test.write({ x: "1" });
  const env = { ...test.env, GIT_CONFIG_GLOBAL: "/dev/null" };
  for (const who of ["AUTHOR", "COMMITTER"]) {
    Reflect.deleteProperty(env, `GIT_${who}_NAME`);
    Reflect.deleteProperty(env, `GIT_${who}_EMAIL`);
  }
  const made = await snapshot(test, {}, env);
  expect(test.git("log", "-1", "--format=%an <%ae>", made?.commit ?? "")).toBe(
    "cco <cco@localhost>",
  );
});

it("says why when a file cannot be added", async () => {
  const test = TestRepo.withCommit();
  test.write({ ".gitattributes": "*.bad filter=bad\n", "x.bad": "x" });
  test.git("config", "filter.bad.clean", "exit 3");
  test.git("config", "filter.bad.required", "true");
  await expect(snapshot(test)).rejects.toMatchObject({ code: "GIT_FAILED" });
  expect(existsSync(test.path(".git/index.lock"))).toBe(false);
});
