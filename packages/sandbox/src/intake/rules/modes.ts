import { bytes } from "../limits.js";
import { DELETED, EXECUTABLE, GITLINK, SYMLINK, type ChangeRule } from "./rule.js";

export const newExecutable: ChangeRule = {
  rule: "new-executable",
  inHistory: false,
  check: ({ oldMode, newMode }) =>
    oldMode === DELETED && newMode === EXECUTABLE ? "a new executable file" : null,
};

const KINDS: Readonly<Record<string, string>> = {
  "100644": "a file",
  [EXECUTABLE]: "an executable",
  [SYMLINK]: "a symbolic link",
  [GITLINK]: "a submodule",
};

export const modeChange: ChangeRule = {
  rule: "mode-change",
  inHistory: false,
  check({ oldMode, newMode }) {
    if (oldMode === newMode || oldMode === DELETED || newMode === DELETED) return null;
    return `was ${KINDS[oldMode] ?? oldMode}, is ${KINDS[newMode] ?? newMode}`;
  },
};

export const hugeBlob: ChangeRule = {
  rule: "huge-blob",
  inHistory: true,
  check({ newMode, newSha }, { sizeOf, hugeBlobBytes }) {
    if (newMode === DELETED || newMode === GITLINK) return null;
    const size = sizeOf(newSha);
    return size > hugeBlobBytes ? `a file of ${bytes(size)}` : null;
  },
};
