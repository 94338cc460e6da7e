import { closest, distance } from "fastest-levenshtein";

/** The one of `names` that `word` was probably meant to be, if any is near enough. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const best = closest(word, [...names]);
  const near = best.startsWith(word) || distance(word, best) <= Math.max(2, word.length / 3);
  return near ? best : undefined;
}
