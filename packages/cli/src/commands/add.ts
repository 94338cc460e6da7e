import { createInterface } from "node:readline/promises";

import type { AddOptions, AddResult, SetupScript } from "@cco/workspace";

import { textSetting } from "../config/settings.js";
import type { CommandResult, Context } from "../context.js";
import type { add as declaration } from "../declare/add.js";
import type { Said } from "../declare/command.js";
import { safeText } from "../output/safe-text.js";
import { addedText } from "../print/workspace.js";
import { showWorkspace } from "./show-workspace.js";
import { onPath } from "./on-path.js";

/** `cco add`: make what is missing of a branch's workspace. */
export async function add(
  context: Context,
  { branch, ...flags }: Said<typeof declaration>,
): Promise<CommandResult> {
  const [repo, workspaces] = await Promise.all([context.parts.repo(), context.parts.workspaces()]);
  const options: AddOptions = {
    signal: context.signal,
    confirmSetup: (script) => flags.trustSetup ?? confirmed(context, script),
    ...(flags.from === undefined ? {} : { from: flags.from }),
    ...(flags.noAgent === true ? {} : await agentOf(context)),
  };
  const added: AddResult = await workspaces.add(repo, branch, options);
  if (added.setup === "skipped") {
    context.talk.note(
      `${added.setupScript ?? "the set-up script"} was not run: nobody has confirmed it; --trust-setup runs it`,
    );
  }
  if (flags.attach === true) await showWorkspace(context, await workspaces.attach(repo, branch));
  return { json: added, text: () => addedText(added), ids: [added.branch] };
}

/** The program of the agent that the settings name, where it is one to talk to and it is installed. */
async function agentOf(context: Context): Promise<Pick<AddOptions, "agent">> {
  const repo = await context.parts.repo();
  const name = textSetting(await context.parts.settings(repo), "agent");
  const profile = (await context.parts.agents()).find((agent) => agent.name === name);
  const program = profile?.end === "stays-open" ? profile.programs[0] : undefined;
  if (program === undefined) return {};
  if (await onPath(program, context.env.PATH ?? "")) return { agent: [program] };
  context.talk.note(`${program} is not installed: the window has a shell only`);
  return {};
}

/** Ask on the terminal; without one nobody confirms. */
async function confirmed(context: Context, script: SetupScript): Promise<boolean> {
  const { stdin, stderr } = context.streams;
  if (stdin.isTTY !== true || stderr.isTTY !== true) return false;
  stderr.write(`${safeText(script.content).trimEnd()}\n`);
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    const answer = await lines.question(
      `Run ${script.path} of ${script.branch} on this machine? [y/N] `,
      { signal: context.signal },
    );
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
