import { once } from "node:events";
import type { IncomingMessage } from "node:http";

import { ApiError } from "./errors.js";

interface Status {
  readonly status?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes?: readonly { reason?: string; message?: string }[] };
}

/**
 * The exit code in a status message, the last of a stream.
 *
 * @throws {ApiError} the program was never started.
 */
export function exitCodeOf(text: string): number {
  const status = JSON.parse(text) as Status;
  if (status.status === "Success") return 0;
  const cause = status.details?.causes?.find(({ reason }) => reason === "ExitCode");
  if (cause?.message !== undefined && /^\d{1,3}$/.test(cause.message)) return Number(cause.message);
  throw new ApiError("CLUSTER_REFUSED", status.message ?? "the program was not started", {
    status: 500,
    reason: status.reason ?? "",
  });
}

/** Why the server did not open a stream, in its own words. */
export async function refused(response: IncomingMessage): Promise<ApiError> {
  const chunks: Buffer[] = [];
  response.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(response, "end").catch(() => undefined);
  const body = Buffer.concat(chunks).toString("utf8");
  const status = response.statusCode ?? 0;
  try {
    const told = JSON.parse(body) as Status;
    return new ApiError("CLUSTER_REFUSED", told.message ?? body, {
      status,
      reason: told.reason ?? "",
    });
  } catch {
    const words = body.trim().slice(0, 500);
    return new ApiError("CLUSTER_REFUSED", words === "" ? `HTTP status ${status}` : words, {
      status,
    });
  }
}

/** The connection of a stream broke. */
export function brokenOff(cause: Error): ApiError {
  return new ApiError("CLUSTER_UNREACHABLE", `the connection to the pod: ${cause.message}`, {
    cause,
  });
}
