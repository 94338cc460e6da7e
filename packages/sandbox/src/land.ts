import type { LandReport, LandRequest } from "./land-types.js";

/**
 * Move a branch to a checked result.
 *
 * @throws {LandError} it does not fit; nothing moved.
 */
export function land(_request: LandRequest): Promise<LandReport> {
  return Promise.reject(new Error("not there yet"));
}
