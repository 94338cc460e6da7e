import { quoteArgv } from "@cco/exec";
import type { AddOptions, AddResult, CarriedFile, SetupScript } from "@cco/workspace";

import { textSetting, type Settings } from "../config/settings.js";
import type { CommandResult, Context } from "../context.js";
import type { add as declaration } from "../declare/add.js";
import type { Said } from "../declare/command.js";
import { askYesNo, canAsk, leftUnanswered } from "../output/ask.js";
import { safeLine, safeText } from "../output/safe-text.js";
import { addedText } from "../print/workspace.js";
import { attachWords, nestedText, requireTerminal, showWorkspace } from "./show-workspace.js";
import { onPath } from "./on-path.js";

/** `cco add`: make what is missing of a branch's workspace. */
export async function add(
  context: Context,
  { branch, ...flags }: Said<typeof declaration>,
): Promise<CommandResult> {
  const [repo, workspaces] = await Promise.all([context.parts.repo(), context.parts.workspaces()]);
  const attaching = attachWords(context, branch);
  if (flags.attach === true) requireTerminal(context, attaching);
  const settings = await context.parts.settings(repo);
  const agent = flags.noAgent === true ? {} : await agentOf(context, settings);
  const options: AddOptions = {
    ...carriedAndSetup(settings),
    signal: context.signal,
    here: flags.here ?? false,
    confirmSetup: (script) => flags.trustSetup ?? confirmed(context, script),
    ...(flags.from === undefined ? {} : { from: flags.from }),
    ...(agent.argv === undefined ? {} : { agent: agent.argv }),
  };
  const added: AddResult = await workspaces.add(repo, branch, options);
  if (agent.missing !== undefined && added.created.window) {
    context.talk.note(`${agent.missing} is not installed: the window has a shell only`);
  }
  if (added.setup === "skipped") {
    context.talk.note(
      `${added.setupScript ?? "the set-up script"} was not run: nobody has confirmed it; --trust-setup runs it`,
    );
  }
  if (flags.attach !== true && added.created.window) {
    context.talk.note(`show it with: ${quoteArgv(attaching)}`);
  }
  if (flags.attach === true) {
    const plan = await workspaces.attach(repo, branch);
    if (plan.how === "nested") context.talk.note(nestedText(attaching));
    else await showWorkspace(context, plan, attaching);
  }
  return { json: added, text: () => addedText(added), ids: [added.branch] };
}

/** The program of the agent that the settings name, where it is one to talk to; `missing`: it is not installed. */
async function agentOf(
  context: Context,
  settings: Settings,
): Promise<{ readonly argv?: readonly string[]; readonly missing?: string }> {
  const name = textSetting(settings, "agent");
  const profile = (await context.parts.agents()).find((agent) => agent.name === name);
  const program = profile?.end === "stays-open" ? profile.programs[0] : undefined;
  if (program === undefined) return {};
  return (await onPath(program, context.env.PATH ?? ""))
    ? { argv: [program] }
    : { missing: program };
}

/** What the configuration says of new worktrees. */
function carriedAndSetup(settings: Settings): Pick<AddOptions, "files" | "setup"> {
  // Checked against the schema when it was read.
  const files = settings.get("workspace.files")?.value as (string | CarriedFile)[] | undefined;
  const setup = settings.get("workspace.setup")?.value as string | null | undefined;
  return {
    files: (files ?? []).map((file) => (typeof file === "string" ? { path: file } : file)),
    ...(setup === undefined ? {} : { setup }),
  };
}

/** Ask on the terminal; without one nobody confirms. @throws {CliError} `INTERRUPTED` */
async function confirmed(context: Context, script: SetupScript): Promise<boolean> {
  if (!canAsk(context)) return false;
  const content = context.streams.hide(safeText(script.content).trimEnd());
  context.streams.stderr.write(`${content}\n`);
  const question = safeLine(`Run ${script.path} of ${script.branch} on this machine?`);
  const answer = await askYesNo(context, question, false);
  if (answer === undefined) throw leftUnanswered();
  return answer;
}
