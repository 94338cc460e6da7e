import type { Answer } from "../model/answers.js";
import type { ClaudeCode } from "../model/claude-code.js";
import { claude } from "../model/claude.js";
import type { Body, Login } from "../model/requests.js";
import { AgentScene } from "./agent-scene.js";

/** A person's machine with the real Claude Code. */
export const ClaudeScene = {
  /** Call it in a test: all of it ends with the test. */
  open: (
    { bin }: ClaudeCode,
    script: readonly Answer[],
    login?: Login,
  ): Promise<AgentScene<Body>> =>
    AgentScene.open({ name: "claude", bin, dialect: claude(login) }, script),
};
