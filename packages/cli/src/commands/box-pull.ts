import {
  isRule,
  publicSession,
  RULES,
  type PullOptions,
  type PullStrategy,
  type Session,
} from "@cco/sandbox";

import type { CommandResult, Context } from "../context.js";
import type { boxPull } from "../declare/box-pull.js";
import type { Said } from "../declare/command.js";
import { CliError } from "../errors.js";
import { EXIT } from "../exit-codes.js";
import { nearest } from "../nearest.js";
import { pulledText } from "../print/pulled.js";
import { closePane } from "./pane.js";

type Flags = Said<typeof boxPull>;

/** `cco box pull`: wait, check, advance the branch, close the pane. */
export async function pull(context: Context, flags: Flags): Promise<CommandResult> {
  for (const rule of flags.allow ?? []) checkRule(rule);
  const sandbox = await context.parts.sandbox();
  const sessionId = await sandbox.idOf(flags.session);
  const pulled = await sandbox.pull(sessionId, optionsOf(flags, context.signal));
  if (flags.snapshot !== true) await closePane(context, pulled);
  return {
    json: publicSession(pulled),
    text: (paint) => pulledText(pulled, paint),
    ids: [pulled.sessionId],
    exitCode: endedBadly(pulled) ? EXIT.agentFailed : EXIT.done,
  };
}

/** @throws {CliError} `USAGE` */
function checkRule(rule: string): void {
  if (isRule(rule)) return;
  const meant = nearest(rule, RULES);
  throw new CliError("USAGE", `no such rule: ${rule}`, {
    hint: meant === undefined ? `there are: ${RULES.join(", ")}` : `did you mean ${meant}?`,
  });
}

/** The agent failed, was stopped or lost with its box; its commits were brought all the same. */
function endedBadly({ state }: Session): boolean {
  return state === "failed" || state === "cancelled" || state === "lost";
}

function optionsOf(flags: Flags, signal: AbortSignal): PullOptions {
  return {
    strategy: strategyOf(flags),
    signal,
    snapshot: flags.snapshot ?? false,
    keep: flags.keep ?? false,
    ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout }),
    ...(flags.to === undefined ? {} : { to: flags.to }),
    ...(flags.allow === undefined ? {} : { allow: flags.allow }),
    ...(flags.check === undefined ? {} : { check: flags.check }),
  };
}

function strategyOf(flags: Flags): PullStrategy {
  if (flags.merge) return "merge";
  if (flags.rebase) return "rebase";
  return flags.squash ? "squash" : "ff";
}
