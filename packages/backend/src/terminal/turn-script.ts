import { quoteArgv } from "@cco/exec";

import type { TurnRules } from "../port.js";

/** The lines of a `box.sh` that tell the supervisor what to look for and how a session goes on. */
export function turnScript(rules: TurnRules = {}): string {
  const { text, again, withoutEnv = [] } = rules;
  const lines = [
    ...(withoutEnv.length === 0 ? [] : [`secret_names=${quoteArgv([withoutEnv.join(" ")])}`]),
    ...(text === undefined ? [] : [`turn_text=${quoteArgv([text])}`]),
    ...(again === undefined ? [] : [`turn_again=${quoteArgv([quoteArgv(again)])}`]),
    ...anyOf("turn_limit", rules.limitPatterns),
    ...anyOf("turn_dialogs", rules.dialogPatterns),
    ...anyOf("turn_logins", rules.loginPatterns),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function anyOf(name: string, patterns: readonly string[] = []): readonly string[] {
  if (patterns.length === 0) return [];
  return [`${name}=${quoteArgv([patterns.map((pattern) => `(${pattern})`).join("|")])}`];
}
