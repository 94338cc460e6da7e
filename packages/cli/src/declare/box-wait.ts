import { anyNumber, declare, flag, value } from "./command.js";
import { DURATION, SESSION } from "./kinds.js";

export const boxWait = declare({
  name: "wait",
  description: "wait for the end of sessions",
  args: { session: anyNumber(SESSION) },
  options: {
    any: flag("until the first has ended"),
    all: flag("until all have ended; without sessions, all of this repository"),
    timeout: value(DURATION, "longest wait, 0 for none (default: no limit)"),
  },
  conflicts: { any: ["all"] },
  examples: ["cco box wait 7f3a9c21 --timeout 30m"],
});
