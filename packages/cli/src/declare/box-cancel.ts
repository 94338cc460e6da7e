import { declare, needed } from "./command.js";
import { SESSION } from "./kinds.js";

export const boxCancel = declare({
  name: "cancel",
  description: "stop the agent; what it left stays pullable",
  args: { session: needed(SESSION) },
  options: {},
  examples: ["cco box cancel 7f3a9c21"],
});
