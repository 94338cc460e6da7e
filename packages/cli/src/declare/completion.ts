import { declare, needed } from "./command.js";
import { oneOf } from "./kinds.js";

export const completion = declare({
  name: "completion",
  description: "print the completion script of a shell",
  args: { shell: needed(oneOf("shell", ["bash", "zsh", "fish"])) },
  options: {},
  examples: ['eval "$(cco completion bash)"'],
});

/**
 * What those scripts ask, `cco __complete -- <word>…`: the words behind the command's name, the
 * last of which is being typed. `undefined` for any other command line.
 */
export function wordsToComplete(argv: readonly string[]): readonly string[] | undefined {
  return argv[0] === "__complete" && argv[1] === "--" ? argv.slice(2) : undefined;
}
