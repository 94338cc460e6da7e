import { declare, value } from "./command.js";
import { text } from "./kinds.js";

export const notify = declare({
  name: "notify",
  description: "a bell on the window of this worktree, unless it is the active one",
  args: {},
  options: { message: value(text("text"), "for the desktop too, where notify.desktop is set") },
  examples: ["cco notify", "cco notify --message 'tests pass'"],
  lenient: true,
});
