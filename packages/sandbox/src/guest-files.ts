import { Readable } from "node:stream";
import { createReadStream } from "node:fs";
import { finished } from "node:stream/promises";
import { stat } from "node:fs/promises";

import type { GuestFile } from "@cco/backend";

/** What `setup.sh` reads. */
export interface SetupFiles {
  /** Path of the bundle on the host. */
  readonly bundleFile: string;
  /** Commits whose parents are not sent. */
  readonly shallow: readonly string[];
  /** Exactly as on disk; `null`: no plan. */
  readonly plan: Uint8Array | null;
  /** Paths relative to the guest's home. */
  readonly home: readonly GuestFile[];
}

/**
 * One tar stream with all of it. The last entry says that it is whole.
 *
 * A failure to read the bundle destroys the stream with that error.
 */
export async function setupStream(files: SetupFiles): Promise<Readable> {
  const { pack: newPack } = (await import("tar-stream")).default;
  const pack = newPack();
  const { size } = await stat(files.bundleFile);

  const write = async (): Promise<void> => {
    const entry = (name: string, content: string | Uint8Array, mode = 0o644): void => {
      pack.entry({ name, mode }, Buffer.from(content));
    };
    const bundle = createReadStream(files.bundleFile);
    const target = pack.entry({ name: "input.bundle", size, mode: 0o600 });
    bundle.on("error", (error) => {
      pack.destroy(error);
    });
    bundle.pipe(target);
    await finished(target);
    if (files.shallow.length > 0) entry("shallow", `${files.shallow.join("\n")}\n`);
    if (files.plan !== null) entry("plan", files.plan);
    for (const file of files.home) entry(`home/${inHome(file.path)}`, file.content, file.mode);
    entry("complete", "");
    pack.finalize();
  };
  write().catch((error: unknown) => {
    pack.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  return Readable.from(pack, { objectMode: false });
}

function inHome(path: string): string {
  const parts = path.split("/");
  if (path.startsWith("/") || parts.includes("..") || parts.includes("")) {
    throw new TypeError(`not a path in the guest's home: ${JSON.stringify(path)}`);
  }
  return path;
}
