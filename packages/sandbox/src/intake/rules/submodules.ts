import { fileName, GITLINK, pathRule, type ChangeRule } from "./rule.js";

export const gitlink: ChangeRule = {
  rule: "gitlink",
  inHistory: true,
  check: ({ newMode }) =>
    newMode === GITLINK
      ? "a link to a commit of another repository, whose content is not here"
      : null,
};

export const gitmodules = pathRule(
  "gitmodules",
  "it says from where git clones submodules",
  (folded) => fileName(folded) === ".gitmodules",
);
