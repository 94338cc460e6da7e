import { CcoError } from "@cco/exec";

export type BackendErrorCode =
  /** The box is not there, or the tool that makes it. */
  | "BOX_MISSING"
  | "BOX_STOPPED"
  | "BOX_BROKEN"
  /** A program that the guest must have is not in the place. */
  | "PROGRAM_NOT_FOUND"
  | "NETWORK_UNSUPPORTED"
  | "START_FAILED"
  /** The agent's terminal is not there (not started, or ended). */
  | "NOT_RUNNING"
  /** A transfer broke off or did not arrive whole. */
  | "TRANSFER_FAILED"
  /** Anything else that the backend's tool refused. */
  | "BACKEND_FAILED";

export class BackendError extends CcoError<BackendErrorCode> {
  override readonly name = "BackendError";
}
