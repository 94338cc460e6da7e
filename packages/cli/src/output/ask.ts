import type { Context } from "../context.js";

/** The library is loaded only where somebody is asked. It speaks on stderr: stdout is the result's. */
const prompts = () => import("@clack/prompts");

/** Whether there is somebody to ask. */
export function canAsk({ streams }: Context): boolean {
  return streams.stdin.isTTY === true && streams.stderr.isTTY === true;
}

/** @returns `false` too where the person leaves the question. */
export async function askYesNo(
  context: Context,
  message: string,
  initialValue: boolean,
): Promise<boolean> {
  const { confirm } = await prompts();
  return (await confirm({ ...common(context), message, initialValue })) === true;
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

function common({ signal }: Context) {
  return { signal, input: process.stdin, output: process.stderr };
}
