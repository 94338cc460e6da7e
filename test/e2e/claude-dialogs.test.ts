import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { describe, expect, it } from "vitest";

import { commit, say, type Answer } from "../model/answers.js";
import { isMissing, NEWER, PINNED } from "../model/claude-code.js";
import type { Env } from "../support/env.js";
import { PLAN, subjects } from "./agent-scene.js";
import { ClaudeScene } from "./claude-scene.js";

const ONE: readonly Answer[] = [commit("a"), say("It is in.")];

/** Take an answer away that cco gives: a person's own guest files lie on top of its. */
function unanswer(env: Env, path: string, content: object): void {
  const file = join(env["XDG_CONFIG_HOME"] ?? "", "cco/guest", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(content));
}

for (const version of [PINNED, ...NEWER]) {
  describe.skipIf(isMissing(version))(
    `a question before the first turn: ${version.version}`,
    () => {
      it("the theme: waits for a person", async () => {
        const claude = await ClaudeScene.open(version, []);
        unanswer(claude.scene.env, ".claude.json", { hasCompletedOnboarding: false });
        const pane = await claude.interactive();
        await claude.until(pane.id, { state: "running", waiting: "person", reason: null });
        await pane.shows("Choose the text style");
        await claude.scene.ok(["box", "cancel", pane.id]);
        await claude.pull(pane.id, 4);
      });

      it.each([
        ["trust", ".claude.json", { projects: null }, "Quick safety check"],
        [
          "the key",
          ".claude.json",
          { customApiKeyResponses: null },
          "Do you want to use this API key",
        ],
        [
          "permissions",
          ".claude/settings.json",
          { skipDangerousModePermissionPrompt: false },
          "in Bypass Permissions mode",
        ],
      ])(
        "%s: waits for a person, and goes on when it is answered",
        async (_, path, content, words) => {
          const claude = await ClaudeScene.open(version, ONE);
          unanswer(claude.scene.env, path, content);
          const pane = await claude.interactive();
          await pane.shows(words);
          await claude.until(pane.id, { state: "running", waiting: "person", reason: null });
          await pane.chooses("Yes");
          await pane.shows("It is in.");
          expect(await claude.wait(pane.id)).toMatchObject({
            state: "running",
            waiting: "finished",
          });
          await claude.pull(pane.id);
          expect(subjects(pane.worktree)).toEqual(["add a"]);
        },
      );

      it("a file that a repository imports from elsewhere raises none", async () => {
        const claude = await ClaudeScene.open(version, ONE);
        unanswer(claude.scene.env, "notes.md", {});
        claude.scene.repo.commit({ "CLAUDE.md": "Read @~/notes.md\n", [PLAN]: "# B\n" }, "plan");
        const pane = await claude.interactive();
        const screen = await pane.shows("It is in.");
        expect(screen).not.toContain("Allow external");
        await claude.pull(pane.id);
      });
    },
  );
}
