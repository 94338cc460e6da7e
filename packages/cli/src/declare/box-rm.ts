import { declare, flag, several } from "./command.js";
import { SESSION } from "./kinds.js";

export const boxRm = declare({
  name: "rm",
  description: "forget sessions; refuses while unpulled work exists",
  args: { session: several(SESSION) },
  options: { force: flag("even unpulled work, even running") },
  examples: ["cco box rm 7f3a9c21"],
});
