import { declare, several, value } from "./command.js";
import { SESSION, wholeNumber } from "./kinds.js";

export const boxLaunch = declare({
  name: "launch",
  description: "start sessions that were prepared and not started",
  args: { session: several(SESSION) },
  options: { maxParallel: value(wholeNumber(1), "most of them that run at once (default: all)") },
  examples: ["cco box launch 7f3a9c21 0b51cc9e --max-parallel 1"],
});
