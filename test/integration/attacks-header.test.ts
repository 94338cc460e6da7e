import { symlinkSync, writeFileSync, readFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { intake } from "../../packages/sandbox/src/intake/index.js";
import {
  bundle,
  commitWith,
  expectRefused,
  hostState,
  leftovers,
  makeScene,
  object,
  packOf,
  rawBundle,
  request,
  SESSION,
  type Scene,
} from "./attacks/fixture.js";

// SECURITY, steps 1 and 2: the file, and what stands before the pack.

let scene: Scene;
let tip: string;
let objects: string[];

beforeAll(async () => {
  scene = await makeScene();
  tip = scene.guest.commit({ "work.txt": "work\n" }, "work");
  const listed = scene.guest.git(
    "rev-list",
    "--objects",
    "--no-object-names",
    tip,
    `^${scene.base}`,
  );
  objects = listed.split("\n");
});

const V2 = "# v2 git bundle";
const withRef = (name: string): string[] => [
  V2,
  `-${scene.base} x`,
  `${tip} HEAD`,
  `${tip} ${name}`,
];

describe("the file", () => {
  it("is not read through a symbolic link", async () => {
    const real = bundle(scene);
    const link = join(scene.dir, "link.bundle");
    symlinkSync(real, link);
    const before = hostState(scene);
    await expect(intake(request(scene, link))).rejects.toMatchObject({ code: "ELOOP" });
    expect(hostState(scene)).toBe(before);
  });

  it("is refused when it is a folder", async () => {
    const folder = join(scene.dir, "folder.bundle");
    mkdirSync(folder);
    await expectRefused(scene, folder, "malformed");
  });

  it("is refused above the size limit", async () => {
    await expectRefused(scene, bundle(scene), "too-big", { limits: { maxBundleBytes: 100 } });
  });

  it.each([
    ["empty", (): Uint8Array => Buffer.alloc(0)],
    ["text", (): Uint8Array => Buffer.from("hello\n\nworld\n")],
    ["a header without end", (): Uint8Array => Buffer.alloc(2_000_000, "# v2 git bundle\n")],
    ["cut in the header", (): Uint8Array => readFileSync(bundle(scene)).subarray(0, 50)],
    ["cut in the pack", (): Uint8Array => readFileSync(bundle(scene)).subarray(0, -30)],
    ["cut in the last bytes", (): Uint8Array => readFileSync(bundle(scene)).subarray(0, -1)],
    ["without its pack", (): Uint8Array => Buffer.from(`${V2}\n${tip} HEAD\n\n`)],
    [
      "with data behind the pack",
      (): Uint8Array => Buffer.concat([readFileSync(bundle(scene)), Buffer.alloc(4096, 1)]),
    ],
    [
      "with a flipped byte",
      (): Uint8Array => {
        const bytes = Buffer.from(readFileSync(bundle(scene)));
        bytes.writeUInt8(bytes.readUInt8(bytes.length - 40) ^ 0x55, bytes.length - 40);
        return bytes;
      },
    ],
  ])("is refused: %s", async (_name, content) => {
    const file = join(scene.dir, "odd.bundle");
    writeFileSync(file, content());
    await expectRefused(scene, file, "malformed");
  });
});

describe("refs of the bundle", () => {
  it.each([
    ["refs/remotes/origin/main", "malformed"],
    ["refs/cco/sessions/00000000", "malformed"],
    ["refs/replace/0000000000000000000000000000000000000000", "malformed"],
    ["refs/notes/commits", "malformed"],
    ["refs/stash", "illegal-name"],
    ["refs/heads/../../config", "illegal-name"],
    ["refs/heads/a..b", "illegal-name"],
    ["refs/heads/.hidden", "illegal-name"],
    ["refs/heads/x.lock", "illegal-name"],
    ["refs/heads/-x", "illegal-name"],
    ["refs/heads/a b", "illegal-name"],
    ["refs/heads/a\u001b]0;owned\u0007", "illegal-name"],
    ["refs/heads/a\u007fb", "illegal-name"],
    ["refs/heads/a@{1}", "illegal-name"],
    ["refs/heads/", "illegal-name"],
    ["../HEAD", "illegal-name"],
    ["/etc/passwd", "illegal-name"],
    ["--upload-pack=touch /tmp/owned", "illegal-name"],
    ["FETCH_HEAD", "illegal-name"],
  ])("%j is refused", async (name, rule) => {
    const error = await expectRefused(
      scene,
      rawBundle(scene, { lines: withRef(name), objects }),
      rule,
    );
    expect(error.message).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  });

  it("named twice are refused", async () => {
    const lines = [V2, `${tip} HEAD`, `${scene.base} HEAD`];
    await expectRefused(scene, rawBundle(scene, { lines, objects }), "malformed");
  });

  it("never reach the host under their own names", async () => {
    scene.guest.git("branch", "-f", "private", tip);
    const report = await intake(request(scene, bundle(scene, "HEAD", "private"), { dryRun: true }));
    expect(report.tip).toBe(tip);
    expect(scene.host.rev("private")).toBe(scene.privateCommit);
  });

  it("that are tags are dropped with a note", async () => {
    const lines = withRef("refs/tags/v1");
    const report = await intake(
      request(scene, rawBundle(scene, { lines, objects }), { dryRun: true }),
    );
    expect(report.droppedTags).toEqual(["v1"]);
    expect(scene.host.git("tag")).toBe("");
  });

  it("must be commits", async () => {
    const blob = object(scene.guest, "blob", "no commit\n");
    const lines = [V2, `${blob} HEAD`];
    await expectRefused(scene, rawBundle(scene, { lines, objects: [blob] }), "malformed");
    const tree = scene.host.rev("main^{tree}");
    await expectRefused(scene, rawBundle(scene, { lines: [V2, `${tree} HEAD`] }), "malformed");
  });
});

describe("the header's lines", () => {
  it.each([
    ["an unknown capability", ["# v3 git bundle", "@run=me", "TIP HEAD"]],
    ["a filter", ["# v3 git bundle", "@filter=blob:none", "TIP HEAD"]],
    ["ids of another kind", ["# v3 git bundle", "@object-format=sha256", `${"0".repeat(64)} HEAD`]],
    ["a version to come", ["# v4 git bundle", "TIP HEAD"]],
    ["no ref at all", [V2, "-BASE x"]],
    ["a prerequisite behind a ref", [V2, "TIP HEAD", "-BASE x"]],
    ["a short id", [V2, "abcdef HEAD"]],
    ["an id in capitals", [V2, `${"A".repeat(40)} HEAD`]],
    ["junk", [V2, "TIP HEAD", "whatever"]],
  ])("are refused: %s", async (_name, lines) => {
    const real = lines.map((line) => line.replace("TIP", tip).replace("BASE", scene.base));
    await expectRefused(scene, rawBundle(scene, { lines: real, objects }), "malformed");
  });

  it("of version 3 are understood", async () => {
    const lines = ["# v3 git bundle", "@object-format=sha1", `-${scene.base} x`, `${tip} HEAD`];
    const report = await intake(
      request(scene, rawBundle(scene, { lines, objects }), { dryRun: true }),
    );
    expect(report).toMatchObject({ tip, commits: 1, rewritten: false });
  });

  it.each([
    ["a private commit of the host", (): string => scene.privateCommit],
    ["a private blob of the host", (): string => scene.privateBlob],
    ["a commit that nobody has", (): string => "1".repeat(40)],
  ])("must not ask for %s", async (_name, prerequisite) => {
    const lines = [V2, `-${prerequisite()} x`, `${tip} HEAD`];
    await expectRefused(scene, rawBundle(scene, { lines, objects }), "malformed");
  });

  it("may ask for an ancestor of the pushed commit", async () => {
    const lines = [V2, `-${scene.host.rev("main~1")} x`, `${tip} HEAD`];
    const report = await intake(
      request(scene, rawBundle(scene, { lines, objects }), { dryRun: true }),
    );
    expect(report.commits).toBe(1);
  });
});

describe("the pack", () => {
  it("that counts wrong is refused", async () => {
    const pack = Buffer.from(packOf(scene, objects));
    pack.writeUInt32BE(objects.length + 1, 8);
    await expectRefused(
      scene,
      rawBundle(scene, { lines: withRef("refs/heads/x"), pack }),
      "malformed",
    );
    pack.writeUInt32BE(objects.length - 1, 8);
    await expectRefused(
      scene,
      rawBundle(scene, { lines: withRef("refs/heads/x"), pack }),
      "malformed",
    );
  });

  it("that holds too much is refused", async () => {
    const file = bundle(scene);
    await expectRefused(scene, file, "too-big", { limits: { maxObjects: 2 } });
    await expectRefused(scene, file, "too-big", { limits: { maxUnpackedBytes: 100 } });
  });

  it("leaves nothing in the host's store when it is refused", async () => {
    const blob = object(scene.guest, "blob", "evil\n");
    commitWith(scene, [["100644", ".git", blob]]);
    await expectRefused(scene, bundle(scene), "illegal-name");
    expect(scene.host.tryGit({}, "cat-file", "-e", blob).exitCode).not.toBe(0);
    expect(leftovers(scene)).toEqual([]);
    expect(scene.host.git("for-each-ref", `refs/cco/sessions/${SESSION}`)).toBe("");
  });
});
