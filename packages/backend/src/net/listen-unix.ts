import { lstatSync, unlinkSync } from "node:fs";
import type { Server } from "node:net";

/** Listen on a unix socket that only this user can connect to, in place of one left by the dead. */
export async function listenUnix(server: Server, path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(path);
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } finally {
    process.umask(before);
  }
}
