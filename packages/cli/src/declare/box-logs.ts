import { declare, flag, needed, value } from "./command.js";
import { SESSION, wholeNumber } from "./kinds.js";

export const boxLogs = declare({
  name: "logs",
  description: "what the agent's terminal printed",
  args: { session: needed(SESSION) },
  options: {
    follow: flag("go on until the agent's end", "f"),
    raw: flag("byte for byte as the agent wrote it: terminal escapes, and secrets too"),
    tail: value(wholeNumber(0), "only the last lines"),
  },
  examples: ["cco box logs 7f3a9c21 -f"],
});
