import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Make a folder and what is missing above it, as `mkdir -p` does. Node's own recursive `mkdir` never
 * ends where the system says `ENOENT` of a folder that it cannot make, as below `/proc`.
 *
 * @param path absolute.
 * @param mode of each folder that is made. Default: what the umask leaves.
 * @throws the system's error
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && dirname(path) !== path) {
      await makeFolder(dirname(path), mode);
      await makeOne(path, mode);
    } else if (code !== "EEXIST" || !(await stat(path)).isDirectory()) {
      throw error;
    }
  }
}

/** Another process may make it at the same time. */
async function makeOne(path: string, mode: number | undefined): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
