import { declare } from "./command.js";

export const notify = declare({
  name: "notify",
  description: "a bell on the window of this worktree, unless it is the active one",
  args: {},
  options: {},
  examples: ["cco notify"],
  lenient: true,
});
