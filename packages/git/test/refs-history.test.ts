import { chmodSync } from "node:fs";

import { ExecaRunner } from "@cco/exec";
import { History, Refs, Repo } from "@cco/git";
import { expect, it } from "vitest";

import { TestRepo } from "../../../test/support/repo.js";

async function gitOf(test: TestRepo) {
  return (await Repo.open(new ExecaRunner({ env: test.env }), test.dir)).git;
}

it("resolves revisions to commits, and anything else to nothing", async () => {
  const test = TestRepo.withCommit();
  const head = test.rev("HEAD");
  test.git("tag", "-a", "-m", "t", "v1");
  const refs = new Refs(await gitOf(test));
  expect(await refs.resolve("v1")).toBe(head);
  expect(await refs.resolve(head.slice(0, 8))).toBe(head);
  for (const odd of [
    "gone",
    "--all",
    "-h",
    "",
    "HEAD:README.md",
    "a b",
    "f".repeat(40),
    "HEAD\n",
  ]) {
    expect(await refs.resolve(odd)).toBeNull();
  }
});

it("moves a ref only from what it was", async () => {
  const test = TestRepo.withCommit();
  const [one, two] = [test.rev("HEAD"), test.commit({ a: "1" })];
  const refs = new Refs(await gitOf(test));
  const ref = "refs/cco/sessions/0123abcd";

  await refs.update(ref, one, null);
  expect(await refs.read(ref)).toBe(one);
  await expect(refs.update(ref, two, null)).rejects.toMatchObject({ code: "REF_MOVED" });
  await expect(refs.update(ref, two, two)).rejects.toMatchObject({
    code: "REF_MOVED",
    message: `${ref} has moved: expected ${two.slice(0, 12)}, it is at ${one.slice(0, 12)}`,
  });
  await refs.update(ref, two, one, "why");
  expect(await refs.list("refs/cco")).toEqual([{ name: ref, sha: two }]);

  await expect(refs.delete(ref, one)).rejects.toMatchObject({ code: "REF_MOVED" });
  await refs.delete(ref, two);
  await expect(refs.delete(ref, two)).rejects.toMatchObject({ code: "REF_MOVED" });
  expect(await refs.read(ref)).toBeNull();
  expect(await refs.list("refs/cco")).toEqual([]);
});

it("tells a refusal from a moved ref", async () => {
  const test = TestRepo.withCommit();
  const refs = new Refs(await gitOf(test));
  const update = refs.update("refs/cco/bad..name", test.rev("HEAD"), null);
  await expect(update).rejects.toMatchObject({ code: "GIT_FAILED" });
  const unknown = refs.update("refs/cco/x", "1".repeat(40), null);
  await expect(unknown).rejects.toMatchObject({ code: "GIT_FAILED" });
});

it("reads only the ref of exactly that name", async () => {
  const test = TestRepo.withCommit();
  const head = test.rev("HEAD");
  test.git("update-ref", "refs/cco/heads/ab/1", head);
  const refs = new Refs(await gitOf(test));
  expect(await refs.read("refs/cco/heads/ab")).toBeNull();
  expect(await refs.read("refs/cco/heads/a")).toBeNull();
  expect(await refs.list("refs/cco/heads/ab")).toHaveLength(1);
  expect(await refs.list("refs/cco/heads/a")).toEqual([]);
});

it("answers about ancestry and distance", async () => {
  const test = TestRepo.withCommit();
  const base = test.rev("HEAD");
  test.git("checkout", "-q", "-b", "side");
  const side = test.commit({ s: "1" });
  test.git("checkout", "-q", "main");
  test.commit({ m: "1" });
  const main = test.commit({ m: "2" });
  test.git("checkout", "-q", "--orphan", "alone");
  const alone = test.commit();
  const history = new History(await gitOf(test));

  expect(await history.isAncestor(base, main)).toBe(true);
  expect(await history.isAncestor(main, base)).toBe(false);
  await expect(history.isAncestor("1".repeat(40), base)).rejects.toMatchObject({
    code: "GIT_FAILED",
  });
  expect(await history.mergeBase(side, main)).toBe(base);
  expect(await history.mergeBase(alone, main)).toBeNull();
  expect(await history.count(base, main)).toBe(2);
  expect(await history.count(null, main)).toBe(3);
  expect(await history.aheadBehind(main, side)).toEqual({ ahead: 1, behind: 2 });
});

it("lists commits with every odd subject and author as written", async () => {
  const test = TestRepo.withCommit();
  const base = test.rev("HEAD");
  test.git("config", "log.showSignature", "true");
  test.git("config", "i18n.logOutputEncoding", "latin1");
  test.git("config", "color.ui", "always");
  test.git("config", "log.decorate", "full");
  test.git("config", "format.pretty", "oneline");
  const env = {
    ...test.env,
    GIT_AUTHOR_NAME: "Ünï <b>",
    GIT_AUTHOR_DATE: "2024-02-03T04:05:06+0200",
  };
  test.gitWith({ env }, "commit", "-q", "--allow-empty", "-m", "über 漢 \u001b[31mred\n\nbody");
  test.gitWith({ env }, "commit", "-q", "--allow-empty", "--allow-empty-message", "-m", "");
  const log = await new History(await gitOf(test)).log(base, "HEAD");

  const common = { author: "Ünï b", date: "2024-02-03T04:05:06+02:00" };
  expect(log).toEqual([
    { sha: test.rev("HEAD"), subject: "", ...common },
    { sha: test.rev("HEAD~1"), subject: "über 漢 \u001b[31mred", ...common },
  ]);
  expect(await new History(await gitOf(test)).log(base, base)).toEqual([]);
  expect(await new History(await gitOf(test)).log(null, "HEAD", 2)).toHaveLength(2);
});

it("lists changed files with counts, modes and odd names", async () => {
  const test = TestRepo.withCommit();
  const base = test.commit({
    keep: "1\n",
    edit: "1\n2\n",
    gone: "x\n",
    "moved from": "same\ncontent\n",
    bin: Buffer.from([0, 1]),
    type: "x\n",
  });
  test.write({ gone: null, "moved from": null, type: null });
  chmodSync(test.path("keep"), 0o755);
  const odd = ['quote"', "tab\tand\nline", "ü", "-dash", ":colon"];
  test.write(Object.fromEntries(odd.map((name) => [name, "1\n"])));
  test.write({ edit: "1\n3\n4\n", "moved to": "same\ncontent\n", bin: Buffer.from([0, 2]) });
  test.write({ ".gitattributes": "*.x diff=trap\n" });
  test.git("add", "-A");
  const link = test.gitWith({ input: "/etc/passwd" }, "hash-object", "-w", "--stdin");
  test.git("update-index", "--add", "--cacheinfo", `120000,${link},type`);
  test.git("commit", "-q", "-m", "all");
  test.git("config", "diff.external", "false");
  test.git("config", "diff.trap.textconv", "false");
  test.git("config", "diff.renames", "copies");
  test.git("config", "diff.noprefix", "true");

  const changes = await new History(await gitOf(test)).diffFiles(base, "HEAD");
  const short = changes.map(({ path, status, added, removed }) => [path, status, added, removed]);
  expect(Object.fromEntries(short.map(([path, ...rest]) => [path, rest]))).toEqual({
    ...Object.fromEntries(odd.map((name) => [name, ["A", 1, 0]])),
    ".gitattributes": ["A", 1, 0],
    bin: ["M", null, null],
    edit: ["M", 2, 1],
    gone: ["D", 0, 1],
    keep: ["M", 0, 0],
    "moved from": ["D", 0, 2],
    "moved to": ["A", 2, 0],
    type: ["T", 1, 1],
  });
  expect(changes.find(({ path }) => path === "type")).toMatchObject({
    oldMode: "100644",
    newMode: "120000",
    newSha: link,
  });
  expect(changes.find(({ path }) => path === "keep")).toMatchObject({ newMode: "100755" });
});

it("compares with nothing, and finds no difference in equals", async () => {
  const test = TestRepo.withCommit();
  const history = new History(await gitOf(test));
  expect(await history.diffFiles(null, "HEAD")).toMatchObject([{ path: "README.md", status: "A" }]);
  expect(await history.diffFiles("HEAD", "HEAD")).toEqual([]);
});
