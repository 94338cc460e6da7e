import { publicSession } from "@cco/sandbox";

import type { CommandResult, Context } from "../context.js";
import type { boxLs } from "../declare/box-ls.js";
import type { Said } from "../declare/command.js";
import { sessionTable } from "../print/sessions.js";

/** `cco box ls`: sessions of this repository or of all, newest first. */
export async function ls(context: Context, flags: Said<typeof boxLs>): Promise<CommandResult> {
  const [sandbox, repo] = await Promise.all([
    context.parts.sandbox(undefined, { onlyLooks: true }),
    flags.all === true ? undefined : context.parts.repo({ checkVersion: false }),
  ]);
  const { host } = context.parts;
  const all = await sandbox.list(repo === undefined ? {} : { repo: repo.main });
  const sessions = host === null ? all : all.filter((session) => session.host === host);
  return {
    json: sessions.map(publicSession),
    text: (paint) =>
      sessions.length === 0 ? "No sessions." : sessionTable(sessions, paint, Date.now()),
    ids: sessions.map(({ sessionId }) => sessionId),
  };
}
