import { declare, optional } from "./command.js";
import { WORKSPACE } from "./kinds.js";

export const attach = declare({
  name: "attach",
  description: "show a branch's window, or the repository's session",
  args: { branch: optional(WORKSPACE) },
  options: {},
  examples: ["cco attach feat/x"],
});
