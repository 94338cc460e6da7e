import { declare, flag, needed, value } from "./command.js";
import { ANY_BRANCH, text } from "./kinds.js";

export const add = declare({
  name: "add",
  description: "a worktree and a tmux window for a branch; does only what is not done yet",
  args: { branch: needed(ANY_BRANCH) },
  options: {
    from: value(text("ref", "branch"), "where a new branch starts (default: HEAD)"),
    attach: flag("show the window afterwards"),
    here: flag("where the branch is checked out already, open the window there"),
    noAgent: flag("start no agent in the window"),
    trustSetup: flag("run the set-up script without asking"),
  },
  examples: ["cco add feat/x", "cco add feat/x --from main --attach"],
});
