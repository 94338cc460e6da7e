import { anyNumber, declare, needed } from "./command.js";
import { oneOf, text } from "./kinds.js";

export const completion = declare({
  name: "completion",
  description: "print the completion script of a shell",
  args: { shell: needed(oneOf("shell", ["bash", "zsh", "fish"])) },
  options: {},
  examples: ['eval "$(cco completion bash)"'],
});

/** Asked by those scripts. */
export const complete = declare({
  name: "__complete",
  description: "the words that can stand where the last one stands",
  args: { words: anyNumber(text("word")) },
  options: {},
  examples: ["cco __complete -- box pu"],
  lenient: true,
});
