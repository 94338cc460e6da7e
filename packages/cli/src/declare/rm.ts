import { anyNumber, declare, flag } from "./command.js";
import { WORKSPACE } from "./kinds.js";

export const rm = declare({
  name: "rm",
  description: "remove windows and worktrees; refuses what would be lost",
  args: { branch: anyNumber(WORKSPACE) },
  options: {
    deleteMerged: flag("the branches too, if merged", "d"),
    deleteAlways: flag("the branches too, in any case", "D"),
    merged: flag("every workspace whose branch is merged and that would lose nothing"),
    force: flag("lose what is refused otherwise; only of branches that are named"),
  },
  conflicts: { deleteMerged: ["deleteAlways"], merged: ["force"] },
  examples: ["cco rm feat/x", "cco rm --merged -d"],
});
