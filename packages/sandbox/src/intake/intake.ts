import type { IntakeReport, IntakeRequest } from "./types.js";

/**
 * Check a bundle from a guest and, where it passes, put it under the session's refs.
 *
 * @throws {IntakeError} `INTAKE_REFUSED`: nothing moved.
 */
export function intake(_request: IntakeRequest): Promise<IntakeReport> {
  return Promise.reject(new Error("not there yet"));
}
