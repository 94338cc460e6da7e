import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { beforeAll, describe, expect, it } from "vitest";

import { waitFor } from "../support/wait-for.js";
import { Scene } from "./scene.js";

const CCO = fileURLToPath(new URL("../../packages/cli/bin/cco.cjs", import.meta.url));

/** How each shell is started clean, and the documented line that installs completion there. */
const SHELLS = {
  bash: { argv: ["bash", "--norc", "--noprofile"], install: 'eval "$(cco completion bash)"' },
  zsh: { argv: ["zsh", "-f"], install: 'eval "$(cco completion zsh)"' },
  fish: { argv: ["fish", "--no-config"], install: "cco completion fish | source" },
} as const;

type Shell = keyof typeof SHELLS;

function sceneWithBranches(): Scene {
  const scene = new Scene();
  const bin = join(scene.dir, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "cco"), `#!/bin/sh\nexec '${process.execPath}' '${CCO}' "$@"\n`);
  chmodSync(join(bin, "cco"), 0o755);
  scene.env["PATH"] = `${bin}:${scene.env["PATH"] ?? ""}`;
  for (const branch of ["feat/search", "feat/speed=1", "odd&branch"]) {
    scene.repo.git("branch", branch);
  }
  return scene;
}

describe.each(Object.keys(SHELLS) as Shell[])("in %s", (shell) => {
  let scene: Scene;
  let pane: string;

  beforeAll(async () => {
    scene = sceneWithBranches();
    await scene.ok(["add", "feat/open", "--no-agent"]);
    const { argv, install } = SHELLS[shell];
    scene.tmux.newSession(`shell-${shell}`, ["env", `-C${scene.repo.dir}`, ...argv]);
    pane = `=shell-${shell}:`;
    // A prompt of our own says when the shell listens.
    const prompt =
      shell === "fish"
        ? "set fish_autosuggestion_enabled 0; function fish_prompt; echo 'R> '; end"
        : "PS1='R> '";
    type(prompt);
    await scene.tmux.waitForText(pane, "\nR>");
    type(`${install}; echo installed-$?`.replace("$?", shell === "fish" ? "$status" : "$?"));
    await scene.tmux.waitForText(pane, "installed-0");
  });

  function type(text: string): void {
    scene.tmux.run("send-keys", "-t", pane, "-l", text);
    scene.tmux.run("send-keys", "-t", pane, "Enter");
  }

  /** Ctrl-C alone would leave fish's list of choices; it also throws away what is typed too soon after it. */
  async function cleared(): Promise<boolean> {
    const soon = { timeoutMs: 2_000 };
    scene.tmux.run("send-keys", "-t", pane, "C-c");
    await waitFor(() => scene.tmux.screen(pane).split("\n").at(-1) === "R>", soon);
    type("clear");
    return waitFor(() => scene.tmux.screen(pane).trim() === "R>", soon);
  }

  it.each([
    ["cco att", "cco attach "],
    ["cco attach fe", "cco attach feat/open "],
    ["cco add feat/se", "cco add feat/search "],
    ["cco add feat/sp", "cco add feat/speed=1 "],
    ["cco add feat/speed=", "cco add feat/speed=1 "],
    ["cco add od", "cco add odd\\&branch "],
    ["cco box push plan.md --backend lo", "cco box push plan.md --backend local "],
    ["cco box push plan.md --agent ru", "cco box push plan.md --agent runbook "],
    ["cco box can", "cco box cancel "],
    ["cco config get workspace.f", "cco config get workspace.files "],
    ["cco completion fi", "cco completion fish "],
    ["cco rm --mer", "cco rm --merged "],
    ["cco box push READ", "cco box push README.md "],
  ])("%s<Tab> is %s", async (typed, becomes) => {
    scene.tmux.run("send-keys", "-t", pane, "-l", typed);
    scene.tmux.run("send-keys", "-t", pane, "Tab");
    const wanted = becomes.trimEnd().replace(/\\(?=&)/, shell === "fish" ? "" : "\\");
    await waitFor(
      () => {
        const screen = scene.tmux.screen(pane);
        const last = screen.split("\n").findLast((line) => line.startsWith("R>")) ?? "";
        const line = last.slice(2).trimStart().replaceAll("'", "").trimEnd();
        if (line !== wanted && line.replaceAll("\\", "") !== wanted) throw new Error(screen);
        return true;
      },
      { what: wanted },
    );
    await waitFor(cleared, { what: "an empty screen" });
  });
});

describe("the words", () => {
  const words = (scene: Scene, ...typed: string[]) =>
    scene.ok(["__complete", "--", ...typed]).then((text) => text.split("\n"));

  it("branches: all for add, those with a worktree for rm and attach; sessions of push", async () => {
    const scene = sceneWithBranches();
    scene.repo.git("update-ref", "refs/remotes/origin/theirs", "HEAD");
    await scene.ok(["add", "feat/open", "--no-agent"]);
    expect(await words(scene, "add", "")).toEqual([
      ...["feat/open", "feat/search", "feat/speed=1", "main", "odd&branch", "theirs"],
    ]);
    expect(await words(scene, "rm", "main", "")).toEqual(["feat/open", "main"]);
    expect(await words(scene, "attach", "feat")).toEqual(["feat/open"]);
    const { sessionId } = await scene.push(scene.plan("true"));
    expect(await words(scene, "box", "pull", sessionId.slice(0, 2))).toEqual([sessionId]);
  });

  it("nothing, and no noise, where there is nothing to say", async () => {
    const scene = new Scene();
    for (const typed of [["add", ""], ["no", "such"], ["box", "pull", "zz"], ["ls", ""], []]) {
      const ran = await scene.cco(["__complete", "--", ...typed], { cwd: "/" });
      expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
    }
  });
});
