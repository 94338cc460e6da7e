import { readFile } from "node:fs/promises";

const read = new Map<string, Promise<string>>();

/**
 * The text of a file that is part of a package and lies beside the module that names it:
 * `readAsset(new URL("./launch.sh", import.meta.url))`. Read once in a process.
 */
export function readAsset(url: URL): Promise<string> {
  let text = read.get(url.href);
  if (text === undefined) {
    text = readFile(url, "utf8");
    read.set(url.href, text);
  }
  return text;
}
