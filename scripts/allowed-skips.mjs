/**
 * Tests that may be skipped where `CI` is set, each with the reason.
 *
 * `test` is matched with `<file> > <full name of the test>`.
 *
 * @type {readonly { readonly test: RegExp, readonly reason: string }[]}
 */
export const allowedSkips = [];
