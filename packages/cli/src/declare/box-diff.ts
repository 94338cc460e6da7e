import { declare, flag, needed } from "./command.js";
import { SESSION } from "./kinds.js";

export const boxDiff = declare({
  name: "diff",
  description: "what pull would bring, with what it would refuse",
  args: { session: needed(SESSION) },
  options: { stat: flag("only the files and their lines") },
  examples: ["cco box diff 7f3a9c21 --stat"],
});
