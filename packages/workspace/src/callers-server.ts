import { realpath } from "node:fs/promises";

import { ifThere } from "./files.js";
import type { Shared } from "./shared.js";

/** The tmux server that the caller is inside of: none, cco's, or another, whose ids are others. */
export async function callersServer({
  tmux,
  callersTmux,
}: Shared): Promise<"none" | "cco" | "another"> {
  // `$TMUX` is the server's socket, its process id and the session's number.
  const outer = callersTmux?.replace(/,[^,]*,[^,]*$/, "") ?? "";
  if (outer === "") return "none";
  const socket = (await tmux.run([["display-message", "-p", "#{socket_path}"]])).trim();
  const same = (await ifThere(realpath(outer))) === (await ifThere(realpath(socket)));
  return same ? "cco" : "another";
}
