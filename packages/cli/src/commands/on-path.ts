import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Whether `program` can be started by its name. */
export async function onPath(program: string, path: string): Promise<boolean> {
  const tries = path
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => access(join(folder, program), constants.X_OK));
  return (await Promise.allSettled(tries)).some(({ status }) => status === "fulfilled");
}
