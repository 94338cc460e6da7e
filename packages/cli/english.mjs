/**
 * Stands in for y18n in the bundle: yargs speaks English here, and no files of translations are
 * looked for at each start.
 */
import { format } from "node:util";

export default function y18n() {
  return {
    /** @type {(text: string, ...args: readonly unknown[]) => string} */
    __: (text, ...args) => format(text, ...args),
    /** @type {(one: string, many: string, count: number, ...args: readonly unknown[]) => string} */
    __n: (one, many, count, ...args) => format(count === 1 ? one : many, count, ...args),
    getLocale: () => "en_US",
    setLocale: () => undefined,
    updateLocale: () => undefined,
  };
}
