import { declare, optional } from "./command.js";
import { BRANCH } from "./kinds.js";

export const attach = declare({
  name: "attach",
  description: "show a branch's window, or the repository's session",
  args: { branch: optional(BRANCH) },
  options: {},
  examples: ["cco attach feat/x"],
});
