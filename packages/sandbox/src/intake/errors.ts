import { CcoError, type CcoErrorOptions } from "@cco/exec";

import type { Finding } from "../session.js";

export type IntakeErrorCode = "INTAKE_REFUSED";

/** Intake said no: nothing moved, the bundle is kept. */
export class IntakeError extends CcoError<IntakeErrorCode> {
  override readonly name = "IntakeError";
  /** What was refused first, then what was only remarked on. */
  readonly findings: readonly Finding[];

  constructor(message: string, findings: readonly Finding[], options: CcoErrorOptions = {}) {
    super("INTAKE_REFUSED", message, options);
    this.findings = findings;
  }
}
