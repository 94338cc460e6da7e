import { declare, needed, several } from "./command.js";
import { SESSION, text } from "./kinds.js";

export const boxSend = declare({
  name: "send",
  description: "put text to the agent, as one paste",
  args: { session: needed(SESSION), text: several(text("text")) },
  options: {},
  examples: ['cco box send 7f3a9c21 "use the other table"'],
});
