import { anyNumber, declare, flag } from "./command.js";
import { BRANCH } from "./kinds.js";

export const rm = declare({
  name: "rm",
  description: "remove windows and worktrees; refuses what would be lost",
  args: { branch: anyNumber(BRANCH) },
  options: {
    deleteMerged: flag("the branches too, if merged", "d"),
    deleteAlways: flag("the branches too, in any case", "D"),
    merged: flag("every workspace whose branch is merged"),
    force: flag("lose what is refused otherwise"),
  },
  conflicts: { deleteMerged: ["deleteAlways"] },
  examples: ["cco rm feat/x", "cco rm --merged -d"],
});
