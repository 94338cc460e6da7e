import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";

import { beforeEach, describe, expect, it } from "vitest";

import { intake } from "../../packages/sandbox/src/intake/index.js";
import {
  bundle,
  commitOf,
  commitWith,
  expectRefused,
  hostState,
  makeScene,
  object,
  packOf,
  PRIVATE_TEXT,
  rawBundle,
  rawTree,
  request,
  SESSION,
  TestRepo,
  type Scene,
} from "./attacks/fixture.js";

// SECURITY, steps 3 to 5: git's strict check, sizes, and where each object comes from.

let scene: Scene;
const V2 = "# v2 git bundle";

beforeEach(async () => {
  scene = await makeScene();
});

describe("names in trees", () => {
  it.each([
    ".git",
    ".GIT",
    ".Git",
    "git~1",
    ".git ",
    ".git.",
    ".git::$INDEX_ALLOCATION",
    ".g\u200cit",
    "..",
    ".",
  ])("%j is refused", async (name) => {
    const blob = object(scene.guest, "blob", "#!/bin/sh\ntouch owned\n");
    const tree = rawTree(scene.guest, [["100644", "config", blob]]);
    commitWith(scene, [["40000", name, tree]]);
    await expectRefused(scene, bundle(scene), "illegal-name");
  });

  it.each(["a/b", "../x", "/etc/passwd"])("%j with a slash is refused", async (name) => {
    const blob = object(scene.guest, "blob", "x\n");
    commitWith(scene, [["100644", name, blob]]);
    await expectRefused(scene, bundle(scene), "illegal-name");
  });

  it("is refused deep in a commit that the result has undone", async () => {
    const blob = object(scene.guest, "blob", "x\n");
    const inner = rawTree(scene.guest, [["100644", ".git", blob]]);
    const evil = commitWith(scene, [["40000", "deep", inner]]);
    commitOf(scene, scene.host.rev("main^{tree}"), [evil]);
    await expectRefused(scene, bundle(scene), "illegal-name");
  });
});

describe("broken objects", () => {
  it("are refused: a tree out of order", async () => {
    const blob = object(scene.guest, "blob", "x\n");
    commitOf(
      scene,
      rawTree(scene.guest, [
        ["100644", "b", blob],
        ["100644", "a", blob],
      ]),
    );
    await expectRefused(scene, bundle(scene), "malformed");
  });

  it("are refused: one name twice in a tree", async () => {
    const blob = object(scene.guest, "blob", "x\n");
    commitOf(
      scene,
      rawTree(scene.guest, [
        ["100644", "a", blob],
        ["100644", "a", blob],
      ]),
    );
    await expectRefused(scene, bundle(scene), "malformed");
  });

  it("are refused: a commit without an author", async () => {
    const tree = scene.host.rev("main^{tree}");
    const commit = object(scene.guest, "commit", `tree ${tree}\nparent ${scene.base}\n\nx\n`);
    scene.guest.git("update-ref", "refs/heads/main", commit);
    await expectRefused(scene, bundle(scene), "malformed");
  });

  it("are refused: a submodule whose name leads out of the git folder", async () => {
    const modules = '[submodule "../../x"]\n\tpath = x\n\turl = https://example.test/x\n';
    scene.guest.commit({ ".gitmodules": modules });
    await expectRefused(scene, bundle(scene), "malformed");
  });

  it("are refused: a file missing from the pack", async () => {
    const tip = scene.guest.commit({ "x.txt": "never sent\n" });
    const objects = [tip, scene.guest.rev("HEAD^{tree}")];
    const lines = [V2, `-${scene.base} x`, `${tip} HEAD`];
    await expectRefused(scene, rawBundle(scene, { lines, objects }), "malformed");
  });

  it("are refused: a parent missing from the pack", async () => {
    scene.guest.commit({ "x.txt": "x\n" }, "between");
    const tip = scene.guest.commit({ "y.txt": "y\n" }, "last");
    const blobs = [scene.guest.rev("HEAD:x.txt"), scene.guest.rev("HEAD:y.txt")];
    const objects = [tip, scene.guest.rev("HEAD^{tree}"), ...blobs];
    const lines = [V2, `-${scene.base} x`, `${tip} HEAD`];
    await expectRefused(scene, rawBundle(scene, { lines, objects }), "malformed");
  });
});

describe("objects that the guest only knows the id of", () => {
  it("a private file in the result's tree", async () => {
    const { guest, privateBlob } = scene;
    const tree = rawTree(guest, [["100644", "loot.txt", privateBlob]]);
    const tip = object(guest, "commit", commitText(tree, scene.base));
    const lines = [V2, `-${scene.base} x`, `${tip} HEAD`];
    const file = rawBundle(scene, { lines, objects: [tip, tree] });
    const error = await expectRefused(scene, file, "object-not-sent");
    expect(error.message).toContain(privateBlob);
  });

  it("a private folder in the result's tree", async () => {
    const secretTree = scene.host.rev("private^{tree}");
    const tree = rawTree(scene.guest, [["40000", "loot", secretTree]]);
    const tip = object(scene.guest, "commit", commitText(tree, scene.base));
    const lines = [V2, `-${scene.base} x`, `${tip} HEAD`];
    await expectRefused(
      scene,
      rawBundle(scene, { lines, objects: [tip, tree] }),
      "object-not-sent",
    );
  });

  it("a private commit as the result itself", async () => {
    const lines = [V2, `-${scene.base} x`, `${scene.privateCommit} HEAD`];
    await expectRefused(scene, rawBundle(scene, { lines }), "object-not-sent");
  });

  it("a private commit as another branch", async () => {
    const tip = scene.guest.commit({ "x.txt": "x\n" });
    const listed = scene.guest.git(
      "rev-list",
      "--objects",
      "--no-object-names",
      tip,
      `^${scene.base}`,
    );
    const lines = [V2, `${tip} HEAD`, `${scene.privateCommit} refs/heads/loot`];
    const file = rawBundle(scene, { lines, objects: listed.split("\n") });
    await expectRefused(scene, file, "object-not-sent");
  });

  it("a private commit as a merge's parent", async () => {
    const tree = scene.host.rev("main^{tree}");
    const text = commitText(tree, scene.base).replace(
      "author",
      `parent ${scene.privateCommit}\nauthor`,
    );
    const tip = object(scene.guest, "commit", text);
    const lines = [V2, `-${scene.base} x`, `${tip} HEAD`];
    await expectRefused(scene, rawBundle(scene, { lines, objects: [tip] }), "object-not-sent");
  });

  it("a private file as the base of a thin delta: its content would be in the result", async () => {
    const file = smuggle(scene, PRIVATE_TEXT, scene.privateBlob);
    await expectRefused(scene, file, "object-not-sent");
  });

  it("the same with bytes behind the pack, to blur what was sent", async () => {
    const file = smuggle(scene, PRIVATE_TEXT, scene.privateBlob);
    writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.alloc(100_000)]));
    await expectRefused(scene, file, "malformed");
  });

  it("while a thin delta against a pushed file is what git itself sends", async () => {
    const text = PRIVATE_TEXT.replaceAll("a", "b");
    scene = await makeScene({ files: { "long.txt": text } });
    const file = smuggle(scene, text, scene.host.rev("main:long.txt"));
    const report = await intake(request(scene, file));
    expect(scene.host.git("show", `${report.tip ?? ""}:copy.txt`)).toBe(`${text}+`);
  });

  it("while an old file of the pushed history may come back without being sent", async () => {
    scene = await makeScene();
    const old = scene.host.rev("main~1^{tree}");
    scene.host.commit({ "src/a.txt": "changed since\n" }, "third");
    const base = scene.host.rev("main");
    scene.guest.git("fetch", "-q", scene.host.dir, "main");
    const tip = object(scene.guest, "commit", commitText(old, base));
    const lines = [V2, `-${base} x`, `${tip} HEAD`];
    const file = rawBundle(scene, { lines, objects: [tip] });
    const report = await intake(request(scene, file, { base }));
    expect(report).toMatchObject({ tip, commits: 1, rewritten: false });
  });

  it("a replacement of the host hides nothing", async () => {
    // On the host the private commit looks like the pushed one's parent.
    scene.host.git("replace", "--graft", scene.base, scene.privateCommit);
    const tree = rawTree(scene.guest, [["100644", "loot.txt", scene.privateBlob]]);
    const tip = object(scene.guest, "commit", commitText(tree, scene.base));
    const lines = [V2, `-${scene.base} x`, `${tip} HEAD`];
    await expectRefused(
      scene,
      rawBundle(scene, { lines, objects: [tip, tree] }),
      "object-not-sent",
    );
  });
});

describe("bombs", () => {
  it("a file of 2 GB in a pack of 2 MB is stopped before it is unpacked", async () => {
    // 2 GiB of zeros: the deflated stream of one MiB repeats itself.
    const file = zeroBomb(scene, 2 ** 31);
    const before = process.resourceUsage().maxRSS;
    await expectRefused(scene, file, "too-big");
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(200_000);
  });

  it("a kilobyte of delta instructions that makes gigabytes is stopped before git sees it", async () => {
    const source = object(scene.guest, "blob", "x".repeat(70_000));
    // Copy 65,536 bytes from offset 0, thirty thousand times: 2 GB.
    const copy = Buffer.from([0b1000_0000]);
    const body = Buffer.concat(Array.from({ length: 30_000 }, () => copy));
    const delta = Buffer.concat([varint(70_000), varint(30_000 * 65_536), body]);
    const whole = packOf(scene, [source]);
    const entry = Buffer.concat([
      entryHeader(7, delta.length),
      Buffer.from(source, "hex"),
      deflateSync(delta),
    ]);
    const pack = sealed(2, Buffer.concat([whole.subarray(12, -20), entry]));
    const lines = [V2, `${"1".repeat(40)} HEAD`];
    await expectRefused(scene, rawBundle(scene, { lines, pack }), "too-big");
  });

  it("folders in folders, each ten times the same: ten files that are a billion", async () => {
    const { guest } = scene;
    let tree = rawTree(guest, [["100644", "f", object(guest, "blob", "x\n")]]);
    for (let depth = 0; depth < 9; depth += 1) {
      const inner = tree;
      tree = rawTree(
        guest,
        Array.from({ length: 10 }, (_, n): [string, string, string] => [
          "40000",
          `d${String(n)}`,
          inner,
        ]),
      );
    }
    commitOf(scene, tree);
    const limits = { maxChanges: 10_000 };
    await expectRefused(scene, bundle(scene), "too-big", { limits });
  });

  it.each([300, 5_000])("folders nested %i deep", async (depth) => {
    const { guest } = scene;
    const trees: string[] = [rawTree(guest, [["100644", "f", object(guest, "blob", "x\n")]])];
    writeTrees(scene, trees, depth);
    const tip = commitOf(scene, trees.at(-1) ?? "");
    const lines = [V2, `-${scene.base} x`, `${tip} HEAD`];
    const file = rawBundle(scene, {
      lines,
      objects: [tip, ...trees, guest.rev(`${trees[0] ?? ""}:f`)],
    });
    await expectRefused(scene, file, "too-big");
  });

  it("a path longer than any file system takes", async () => {
    const { guest } = scene;
    let tree = rawTree(guest, [["100644", "f", object(guest, "blob", "x\n")]]);
    for (let depth = 0; depth < 50; depth += 1)
      tree = rawTree(guest, [["40000", "d".repeat(200), tree]]);
    commitOf(scene, tree);
    await expectRefused(scene, bundle(scene), "too-big");
  });
});

describe("the host meanwhile", () => {
  it("its hooks, file monitor and aliases do not run", async () => {
    const { host, guest, dir } = scene;
    const owned = join(dir, "owned");
    const script = `#!/bin/sh\ntouch ${owned}\n`;
    host.write({ "../evil.sh": script });
    host.git("config", "core.fsmonitor", join(dir, "evil.sh"));
    for (const hook of ["reference-transaction", "post-checkout", "post-merge", "update"]) {
      writeFileSync(host.path(".git/hooks", hook), script, { mode: 0o755 });
    }
    guest.commit({ "x.txt": "x\n" });
    const before = hostState(scene);
    const report = await intake(request(scene, bundle(scene)));
    expect(() => readFileSync(owned)).toThrow();
    host.git("update-ref", "-d", `refs/cco/sessions/${SESSION}`, report.tip ?? "");
    expect(readFileSync(owned, "utf8")).toBe("");
    expect(hostState(scene)).toBe(before);
  });
});

function commitText(tree: string, parent: string): string {
  const who = "Guest <guest@example.test> 1700000000 +0000";
  return `tree ${tree}\nparent ${parent}\nauthor ${who}\ncommitter ${who}\n\nwork\n`;
}

/**
 * A commit whose file is sent as "all of `source`, and a plus sign": the guest need not
 * have the source, only its id and length.
 */
function smuggle({ guest, base, dir, ...rest }: Scene, text: string, source: string): string {
  const made = `${text}+`;
  const blob = object(guest, "blob", made);
  const tree = rawTree(guest, [["100644", "copy.txt", blob]]);
  const tip = object(guest, "commit", commitText(tree, base));
  const size = Buffer.byteLength(text);
  // One copy of `size` bytes from offset 0, one insertion of a byte (gitformat-pack(5)).
  const copy = Buffer.from([0b1111_0000, size & 0xff, (size >> 8) & 0xff, (size >> 16) & 0xff]);
  const delta = Buffer.concat([varint(size), varint(size + 1), copy, Buffer.from("\u0001+")]);
  const entry = Buffer.concat([
    entryHeader(7, delta.length),
    Buffer.from(source, "hex"),
    deflateSync(delta),
  ]);
  const scene = { guest, base, dir, ...rest };
  const whole = packOf(scene, [tip, tree]);
  const pack = sealed(3, Buffer.concat([whole.subarray(12, -20), entry]));
  return rawBundle(scene, { lines: [V2, `-${base} x`, `${tip} HEAD`], pack });
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return Buffer.from(bytes);
}

function entryHeader(type: number, size: number): Buffer {
  const first = (type << 4) | (size & 15);
  const rest = Math.floor(size / 16);
  return rest === 0
    ? Buffer.from([first])
    : Buffer.concat([Buffer.from([first | 0x80]), varint(rest)]);
}

function sealed(objects: number, entries: Uint8Array): Buffer {
  const head = Buffer.from("PACK\0\0\0\u0002\0\0\0\0");
  head.writeUInt32BE(objects, 8);
  const body = Buffer.concat([head, entries]);
  return Buffer.concat([body, createHash("sha1").update(body).digest()]);
}

function zeroBomb(target: Scene, size: number): string {
  // A whole deflate of that size takes seconds; the refusal needs no more than its beginning.
  const pack = sealed(
    1,
    Buffer.concat([entryHeader(3, size), deflateSync(Buffer.alloc(64 * 1024 * 1024))]),
  );
  return rawBundle(target, { lines: [V2, `${"1".repeat(40)} HEAD`], pack });
}

/** `depth` folders around the first tree, through one process. */
function writeTrees({ guest, dir }: Scene, trees: string[], depth: number): void {
  const entries: Buffer[] = [];
  for (let n = 0; n < depth; n += 1) {
    const content = Buffer.concat([
      Buffer.from("40000 d\0"),
      Buffer.from(trees.at(-1) ?? "", "hex"),
    ]);
    trees.push(
      createHash("sha1")
        .update(`tree ${String(content.length)}\0`)
        .update(content)
        .digest("hex"),
    );
    entries.push(Buffer.concat([entryHeader(2, content.length), deflateSync(content)]));
  }
  const file = join(dir, "trees.pack");
  writeFileSync(file, sealed(depth, Buffer.concat(entries)));
  const result = new TestRepo(guest.dir, guest.env).tryGit(
    { input: readFileSync(file) },
    "index-pack",
    "--stdin",
  );
  if (result.exitCode !== 0) throw new Error(result.stderr);
}
