/** Ids come from a fixed alphabet, so that they are safe in a path, a name and a label. */
const GUEST_ID = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

/**
 * @returns `id` itself.
 * @throws {TypeError} it is not 1 to 40 characters of `a-z`, `0-9` and inner `-`.
 */
export function checkedGuestId(id: string): string {
  if (!GUEST_ID.test(id)) throw new TypeError(`not a guest id: ${JSON.stringify(id)}`);
  return id;
}
