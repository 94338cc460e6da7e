import { quoteArgv } from "@cco/exec";

import type { TurnRules } from "../port.js";

/** The lines of a `box.sh` that tell the supervisor how a session goes on after a usage limit. */
export function turnScript(rules: TurnRules = {}): string {
  const { text, again, limitPatterns = [], withoutEnv = [] } = rules;
  const lines = [
    ...(withoutEnv.length === 0 ? [] : [`secret_names=${quoteArgv([withoutEnv.join(" ")])}`]),
    ...(text === undefined ? [] : [`turn_text=${quoteArgv([text])}`]),
    ...(again === undefined ? [] : [`turn_again=${quoteArgv([quoteArgv(again)])}`]),
    ...(limitPatterns.length === 0
      ? []
      : [`turn_limit=${quoteArgv([limitPatterns.map((pattern) => `(${pattern})`).join("|")])}`]),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
