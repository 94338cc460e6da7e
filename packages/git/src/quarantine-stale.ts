import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

/**
 * Remove what dead processes left under a label: quarantine folders, and `.keep` files of
 * packs that were moved before their ref was written.
 */
export async function removeStale(objects: string, label: string): Promise<void> {
  const prefix = `tmp_objdir-cco-${label}-`;
  for (const name of await readdir(objects)) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (!isAlive(pid)) await rm(join(objects, name), { recursive: true, force: true });
  }
  await removeKeeps(join(objects, "pack"), label);
}

async function removeKeeps(packs: string, label: string): Promise<void> {
  const names = await readdir(packs).catch(() => []);
  for (const name of names.filter((one) => one.endsWith(".keep"))) {
    const path = join(packs, name);
    const content = await readFile(path, "utf8").catch(() => "");
    const pid = new RegExp(`^cco ${label} (\\d+)\n$`).exec(content)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(path, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
