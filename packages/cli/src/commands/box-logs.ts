import { PassThrough, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { CommandResult, Context } from "../context.js";
import type { boxLogs } from "../declare/box-logs.js";
import type { Said } from "../declare/command.js";
import type { Hide } from "../output/redact.js";

/** `cco box logs`: what the agent's terminal printed, as it comes. */
export async function logs(
  context: Context,
  { session: id, ...flags }: Said<typeof boxLogs>,
): Promise<CommandResult> {
  const sandbox = await context.parts.sandbox();
  const sessionId = await sandbox.idOf(id);
  const options = {
    follow: flags.follow ?? false,
    raw: flags.raw ?? false,
    signal: AbortSignal.any([context.signal, context.readerGone]),
    ...(flags.tail === undefined ? {} : { tail: flags.tail }),
  };
  if (context.globals.json) {
    const text = await collected((sink) => sandbox.logs(sessionId, sink, options));
    return { json: { sessionId, text }, text: () => "" };
  }
  const sink = flags.raw === true ? new PassThrough() : hiding(context.streams.hide);
  const shown = pipeline(sink, context.streams.stdout, { end: false });
  await Promise.all([sandbox.logs(sessionId, sink, options), shown]);
  return { json: undefined, text: () => "" };
}

/** Text comes in whole lines, and in parts only of those longer than 64 KiB. */
function hiding(hide: Hide): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, hide(chunk.toString("utf8")));
    },
  });
}

async function collected(write: (sink: PassThrough) => Promise<void>): Promise<string> {
  const sink = new PassThrough();
  const chunks: Buffer[] = [];
  sink.on("data", (chunk: Buffer) => chunks.push(chunk));
  await write(sink);
  return Buffer.concat(chunks).toString("utf8");
}
