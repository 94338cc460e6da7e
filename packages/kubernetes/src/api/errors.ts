import { CcoError } from "@cco/exec";

export type ApiErrorCode =
  /** No kubeconfig, no such context, or no credentials from it. */
  | "CLUSTER_NOT_CONFIGURED"
  /** Nothing answers there, or not in time. */
  | "CLUSTER_UNREACHABLE"
  /** The API server said no: `status` and `reason` say how. */
  | "CLUSTER_REFUSED";

/** A call of the cluster's API that gave no result. */
export class ApiError extends CcoError<ApiErrorCode> {
  override readonly name = "ApiError";
  /** HTTP status; 0 where nothing answered. */
  readonly status: number;
  /** The API's own word: `NotFound`, `AlreadyExists`, `Forbidden`, …; `""` where it gave none. */
  readonly reason: string;

  constructor(
    code: ApiErrorCode,
    message: string,
    options: { status?: number; reason?: string; hint?: string; cause?: unknown } = {},
  ) {
    super(code, message, options);
    this.status = options.status ?? 0;
    this.reason = options.reason ?? "";
  }
}

/** Whether `error` is the API server's answer with this HTTP status. */
export function isStatus(error: unknown, status: number): boolean {
  return error instanceof ApiError && error.status === status;
}
