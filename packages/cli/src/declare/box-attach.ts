import { declare, needed } from "./command.js";
import { SESSION } from "./kinds.js";

export const boxAttach = declare({
  name: "attach",
  description: "open the agent's terminal again; after the end, its last screen",
  args: { session: needed(SESSION) },
  options: {},
  examples: ["cco box attach 7f3a9c21"],
});
