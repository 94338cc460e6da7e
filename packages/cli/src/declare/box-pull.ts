import { declare, flag, list, needed, value } from "./command.js";
import { BRANCH, DURATION, SESSION, text } from "./kinds.js";

export const boxPull = declare({
  name: "pull",
  description: "wait for the end, check the work, advance the branch, close the pane",
  args: { session: needed(SESSION) },
  options: {
    timeout: value(DURATION, "longest wait, 0 for none (default: 30m)"),
    snapshot: flag("what there is so far, to the session's ref only"),
    ff: flag("only forward (default)"),
    merge: flag("a merge commit where the branch moved on"),
    rebase: flag("the agent's commits on the branch as it is now"),
    squash: flag("one commit titled after the plan"),
    to: value(BRANCH, "another or a new branch"),
    allow: list(text("rule"), "let a finding through, repeatable"),
    check: value(text("command"), "run it on the result in a fresh guest before the branch moves"),
    keep: flag("leave the box's copy"),
  },
  conflicts: {
    snapshot: ["ff", "merge", "rebase", "squash", "to", "check"],
    ff: ["merge", "rebase", "squash"],
    merge: ["rebase", "squash"],
    rebase: ["squash"],
  },
  examples: ["cco box pull 7f3a9c21", "cco box pull 7f3a --check 'npm test'"],
});
