import { ciConfig, editorConfig, gitattributes, lfsConfig } from "./config.js";
import { hugeBlob, modeChange, newExecutable } from "./modes.js";
import { controlCharacters, illegalName } from "./names.js";
import type { ChangeRule } from "./rule.js";
import { agentConfig, ccoConfig, hookPath, setupScript } from "./runs.js";
import { gitlink, gitmodules } from "./submodules.js";

/** Rules that look at one change at a time. Links, clashes and secrets need more: see `report.ts`. */
export const CHANGE_RULES: readonly ChangeRule[] = [
  illegalName,
  gitlink,
  gitmodules,
  hookPath,
  setupScript,
  ccoConfig,
  agentConfig,
  gitattributes,
  lfsConfig,
  ciConfig,
  editorConfig,
  newExecutable,
  modeChange,
  controlCharacters,
  hugeBlob,
];
