import { declare, list, several, value } from "./command.js";
import { SESSION, text } from "./kinds.js";

export const boxCompare = declare({
  name: "compare",
  description: "what several sessions would bring, side by side",
  args: { session: several(SESSION) },
  options: {
    check: value(text("command"), "run it on each result in a fresh guest"),
    allow: list(text("rule"), "let a finding through to the check, repeatable"),
  },
  examples: ["cco box compare 7f3a9c21 0b51cc9e --check 'npm test'"],
});
