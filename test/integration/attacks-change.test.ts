import { symlinkSync } from "node:fs";

import { beforeEach, describe, expect, it } from "vitest";

import {
  intake,
  type IntakeReport,
  type IntakeRequest,
} from "../../packages/sandbox/src/intake/index.js";
import {
  bundle,
  commitOf,
  commitWith,
  expectRefused,
  makeScene,
  object,
  rawTree,
  request,
  SESSION,
  type Scene,
} from "./attacks/fixture.js";

// SECURITY, step 7: the change, read before any checkout.

let scene: Scene;

beforeEach(async () => {
  scene = await makeScene({
    files: { "tool.sh": "#!/bin/sh\n", "docs/guide.md": "guide\n", "up/one/two/x": "x\n" },
  });
});

function run(more: Partial<IntakeRequest> = {}): Promise<IntakeReport> {
  return intake(request(scene, bundle(scene), more));
}

describe("block: refused, unless allowed by name", () => {
  it.each([
    ["hook-path", ".husky/post-merge"],
    ["hook-path", ".githooks/pre-commit"],
    ["hook-path", ".Husky/_/h"],
    ["hook-path", "web/.husky/pre-push"],
    ["hook-path", ".pre-commit-config.yaml"],
    ["hook-path", "lefthook.yml"],
    ["setup-script", "scripts/init"],
    ["setup-script", "scripts/setup.sh"],
    ["setup-script", "Scripts/Init.d/run"],
    ["cco-config", ".cco/config.json"],
    ["cco-config", ".CCO/config.json"],
    ["agent-config", ".claude/settings.json"],
    ["agent-config", "packages/x/.claude/settings.local.json"],
    ["agent-config", ".mcp.json"],
    ["agent-config", ".codex/config.toml"],
    ["gitmodules", ".gitmodules"],
  ])("%s: %s", async (rule, path) => {
    const content = path === ".gitmodules" ? "" : "x\n";
    const tip = scene.guest.commit({ [path]: content });
    const error = await expectRefused(scene, bundle(scene), rule);
    expect(error.findings).toContainEqual(expect.objectContaining({ rule, path, tier: "block" }));
    expect(error.hint).toContain(`--allow ${rule}`);

    const report = await run({ allow: [rule] });
    expect(report.findings).toContainEqual(expect.objectContaining({ rule, path, tier: "warn" }));
    expect(scene.host.rev(`refs/cco/sessions/${SESSION}`)).toBe(tip);
  });

  it("hook-path: whatever the host's core.hooksPath names", async () => {
    scene.host.git("config", "core.hooksPath", "tools/git");
    scene.guest.commit({ "tools/git/post-merge": "#!/bin/sh\n" });
    await expectRefused(scene, bundle(scene), "hook-path");
    scene.host.git("config", "core.hooksPath", scene.host.path("tools"));
    await expectRefused(scene, bundle(scene), "hook-path");
    scene.host.git("config", "core.hooksPath", "elsewhere");
    expect((await run()).findings).toEqual([]);
  });

  it("gitlink", async () => {
    commitWith(scene, [["160000", "vendor", scene.base]]);
    await expectRefused(scene, bundle(scene), "gitlink");
  });

  it("is seen in a commit that the result has undone", async () => {
    scene.guest.commit({ ".husky/post-merge": "#!/bin/sh\n" }, "add");
    scene.guest.commit({ ".husky/post-merge": null }, "take away");
    const error = await expectRefused(scene, bundle(scene), "hook-path");
    expect(error.message).toContain("only in commit");
  });

  it("is not loosened by what the bundle brings itself", async () => {
    const config = JSON.stringify({ intake: { tiers: { "cco-config": "warn" } } });
    scene.guest.commit({ ".cco/config.json": config });
    await expectRefused(scene, bundle(scene), "cco-config");
  });

  it("names every rule that must be allowed", async () => {
    scene.guest.commit({ ".cco/config.json": "{}", ".claude/settings.json": "{}" });
    await expectRefused(scene, bundle(scene), "cco-config", { allow: ["agent-config"] });
    const error = await expectRefused(scene, bundle(scene), "agent-config");
    expect(error.hint).toMatch(/--allow cco-config --allow agent-config/);
  });
});

describe("symlink-escape", () => {
  it.each([
    ["/etc/passwd", "link"],
    ["../outside", "link"],
    ["../../outside", "docs/link"],
    ["docs/../../outside", "link"],
    [".git/config", "link"],
    [".git", "link"],
    [".GIT/hooks/post-merge", "link"],
    ["docs/../.git/hooks", "link"],
    ["C:\\Windows", "link"],
    ["\\\\server\\share", "link"],
  ])("to %j from %s", async (target, path) => {
    link(path, target);
    await expectRefused(scene, bundle(scene), "symlink-escape");
  });

  it("by way of another link that is harmless alone", async () => {
    link("up/one/two/top", "../../..");
    link("way", "up/one/two/top/../outside");
    const error = await expectRefused(scene, bundle(scene), "symlink-escape");
    expect(error.findings.map(({ path }) => path)).toEqual(["way"]);
  });

  it("by a link of the host's own that a new one leads astray", async () => {
    scene = await makeScene();
    symlinkSync("deep/er/../../src", scene.host.path("mine"));
    scene.host.commit({ "deep/er/x": "x\n" }, "a link");
    const base = scene.host.rev("main");
    scene.guest.git("fetch", "-q", scene.host.dir, "main");
    scene.guest.git("reset", "-q", "--hard", "FETCH_HEAD");
    scene = { ...scene, base };
    scene.guest.commit({ "deep/er": null }, "make room");
    link("deep/er", "../src");
    const error = await expectRefused(scene, bundle(scene), "symlink-escape");
    expect(error.findings.map(({ path }) => path)).toContain("mine");
  });

  it("in a commit that the result has undone", async () => {
    link("link", "/etc");
    scene.guest.commit({ link: null }, "gone");
    await expectRefused(scene, bundle(scene), "symlink-escape");
  });

  it("not: links that stay inside, and loops", async () => {
    link("docs/link", "../src/a.txt");
    link("self", "self");
    link("here", ".");
    expect((await run()).findings).toEqual([]);
  });

  it("a target longer than a path", async () => {
    const blob = object(scene.guest, "blob", "a/".repeat(5_000));
    commitWith(scene, [["120000", "link", blob]]);
    await expectRefused(scene, bundle(scene), "symlink-escape");
  });
});

describe("name-clash", () => {
  it.each([
    ["readme.md", "README.md"],
    ["SRC/c.txt", "src"],
    ["docs/GUIDE.md", "docs/guide.md"],
    ["docs/guide.md.", "docs/guide.md"],
    ["docs/gu\u200cide.md", "docs/guide.md"],
  ])("%j beside the host's %j", async (path, other) => {
    scene.guest.commit({ [path]: "x\n" });
    const error = await expectRefused(scene, bundle(scene), "name-clash");
    expect(error.message).toContain(other);
  });

  it("two new ones, in two Unicode forms", async () => {
    scene.guest.commit({ "caf\u00e9": "1\n", "cafe\u0301": "2\n" });
    await expectRefused(scene, bundle(scene), "name-clash");
  });

  it("a link beside a folder: what is written to the folder goes through the link", async () => {
    const blob = object(scene.guest, "blob", "x\n");
    const target = object(scene.guest, "blob", "src");
    const tree = rawTree(scene.guest, [["100644", "post-checkout", blob]]);
    commitWith(scene, [
      ["120000", "A", target],
      ["40000", "a", tree],
    ]);
    await expectRefused(scene, bundle(scene), "name-clash");
  });

  it("not: a rename that only changes case", async () => {
    scene.guest.commit({ "README.md": null, "readme.md": "# sample\n" });
    expect((await run()).findings).toEqual([]);
  });
});

describe("secret", () => {
  const value = "sk-test-0123456789abcdef";
  const secrets = [{ name: "ANTHROPIC_API_KEY", value }];

  it.each([
    ["in a file", (): Record<string, string> => ({ "notes.txt": `key=${value}\n` })],
    [
      "as base64",
      (): Record<string, string> => ({
        "notes.txt": Buffer.from(`x-api-key: ${value}\n`).toString("base64"),
      }),
    ],
    ["in a file's name", (): Record<string, string> => ({ [`log-${value}`]: "x\n" })],
    [
      "far inside a large file",
      (): Record<string, string> => ({
        "big.log": `${"y".repeat(200_000)}${value}${"z".repeat(200_000)}`,
      }),
    ],
  ])("%s", async (_name, files) => {
    scene.guest.commit(files());
    const error = await expectRefused(scene, bundle(scene), "secret", { secrets });
    expect(error.message).toContain("ANTHROPIC_API_KEY");
  });

  it("in a message, and in a commit that the result has undone", async () => {
    scene.guest.commit({ "a.txt": "1\n" }, `uses ${value}`);
    await expectRefused(scene, bundle(scene), "secret", { secrets });
    scene.guest.git("reset", "-q", "--hard", scene.base);
    scene.guest.commit({ ".env.sample": value });
    scene.guest.commit({ ".env.sample": null });
    await expectRefused(scene, bundle(scene), "secret", { secrets });
  });

  it("is never shown", async () => {
    scene.guest.commit({ "notes.txt": value });
    const error = await expectRefused(scene, bundle(scene), "secret", { secrets });
    expect(JSON.stringify([error.message, error.hint, error.findings])).not.toContain(value);
  });

  it("not: too short to mean anything, or not there", async () => {
    scene.guest.commit({ "notes.txt": "abc\n" });
    const report = await run({ secrets: [{ name: "SHORT", value: "abc" }, ...secrets] });
    expect(report.findings).toEqual([]);
  });
});

describe("warn: let through and said", () => {
  it.each([
    ["gitattributes", "src/.gitattributes"],
    ["lfs-config", ".lfsconfig"],
    ["ci-config", ".github/workflows/ci.yml"],
    ["ci-config", ".gitlab-ci.yml"],
    ["ci-config", "Jenkinsfile"],
    ["editor-config", ".vscode/tasks.json"],
    ["editor-config", ".envrc"],
    ["editor-config", "x.code-workspace"],
    ["control-characters", "a\u001b[31mred"],
    ["control-characters", "a\nb"],
    ["control-characters", "gnp\u202e.exe"],
  ])("%s: %j", async (rule, path) => {
    const tip = scene.guest.commit({ [path]: "x\n" });
    const report = await run();
    expect(report.findings).toEqual([expect.objectContaining({ rule, tier: "warn" })]);
    expect(JSON.stringify(report.findings)).not.toMatch(/u001b|\u202e|\\n/);
    expect(scene.host.rev(`refs/cco/sessions/${SESSION}`)).toBe(tip);
  });

  it("control-characters in messages and branch names", async () => {
    scene.guest.commit({ "x.txt": "x\n" }, "harmless\u001b]0;owned\u0007");
    scene.guest.git("branch", "a\u202eb");
    const rules = (await run()).findings.map(({ rule }) => rule);
    expect(rules).toEqual(["control-characters", "control-characters"]);
  });

  it("new-executable, mode-change, huge-blob", async () => {
    const { guest } = scene;
    guest.write({ "run.sh": "#!/bin/sh\n", "big.bin": "x".repeat(5_000) });
    guest.git("add", "-A");
    guest.git("update-index", "--chmod=+x", "run.sh", "tool.sh");
    guest.git("commit", "-q", "-m", "modes");
    const report = await run({ limits: { hugeBlobBytes: 4_000 } });
    expect(report.findings.map(({ rule, path }) => [rule, path])).toEqual([
      ["huge-blob", "big.bin"],
      ["new-executable", "run.sh"],
      ["mode-change", "tool.sh"],
    ]);
  });

  it("mode-change: a file that became a link", async () => {
    scene.guest.commit({ "docs/guide.md": null });
    link("docs/guide.md", "../src/a.txt");
    expect((await run()).findings.map(({ rule }) => rule)).toEqual(["mode-change"]);
  });
});

describe("tiers", () => {
  it("of the user's config: stricter, looser, and never stays never", async () => {
    scene.guest.commit({ ".envrc": "x\n", ".husky/x": "x\n" });
    const blocked = await expectRefused(scene, bundle(scene), "editor-config", {
      tiers: { "editor-config": "block", "hook-path": "warn" },
    });
    expect(blocked.findings.map(({ rule, tier }) => [rule, tier])).toEqual([
      ["editor-config", "block"],
      ["hook-path", "warn"],
    ]);
    const blob = object(scene.guest, "blob", "x\n");
    commitWith(scene, [["100644", ".git", blob]]);
    const tiers = { "illegal-name": "warn", malformed: "warn" } as const;
    await expectRefused(scene, bundle(scene), "illegal-name", { tiers, allow: ["illegal-name"] });
  });

  it("in salvage: reported, refusing nothing; never stays never", async () => {
    scene.guest.commit({ ".husky/x": "x\n" });
    const salvage = { kind: "salvage" } as const;
    const report = await run(salvage);
    expect(report.findings).toEqual([
      expect.objectContaining({ rule: "hook-path", tier: "block" }),
    ]);
    expect(report.refs).toEqual([`refs/cco/salvage/${SESSION}`]);
    const blob = object(scene.guest, "blob", "x\n");
    commitOf(scene, rawTree(scene.guest, [["100644", ".git", blob]]));
    await expectRefused(scene, bundle(scene), "illegal-name", salvage);
  });
});

function link(path: string, target: string): void {
  scene.guest.write({ [`${path}.tmp`]: "x" });
  scene.guest.write({ [`${path}.tmp`]: null });
  symlinkSync(target, scene.guest.path(path));
  scene.guest.git("add", "-A");
  scene.guest.git("commit", "-q", "-m", "link");
}
