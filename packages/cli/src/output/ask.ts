import type { Context } from "../context.js";
import { CliError } from "../errors.js";

/** The library is loaded only where somebody is asked. It speaks on stderr: stdout is the result's. */
const prompts = () => import("@clack/prompts");

/** Whether there is somebody to ask. */
export function canAsk({ streams }: Context): boolean {
  return streams.stdin.isTTY === true && streams.stderr.isTTY === true;
}

/** @returns `undefined` where the person leaves the question. */
export async function askYesNo(
  context: Context,
  message: string,
  initialValue: boolean,
): Promise<boolean | undefined> {
  const { confirm, isCancel } = await prompts();
  const answer = await confirm({ ...common(context), message, initialValue });
  return isCancel(answer) ? undefined : answer;
}

/** @returns `undefined` where the person leaves the question. */
export async function askWhich<T extends string>(
  context: Context,
  message: string,
  choices: readonly { readonly value: T; readonly label: string; readonly hint: string }[],
): Promise<T | undefined> {
  const { isCancel, select } = await prompts();
  const options = choices.map((choice) => ({ ...choice }));
  const chosen = await select<string>({ ...common(context), message, options });
  return isCancel(chosen) ? undefined : choices.find(({ value }) => value === chosen)?.value;
}

/** For a question that was left where nothing can go on without an answer: Ctrl-C is a key there. */
export function leftUnanswered(): CliError {
  return new CliError("INTERRUPTED", "interrupted", {
    hint: "run the same command again to go on",
  });
}

function common({ signal }: Context) {
  return { signal, input: process.stdin, output: process.stderr };
}
