import { BackendError } from "@cco/backend";

import { ApiError } from "./api/errors.js";
import type { Settings } from "./settings.js";

/** An error of the API in the words of the port; others as they are. */
export function fromApi(error: unknown, what: string, settings: Settings): unknown {
  if (!(error instanceof ApiError)) return error;
  const { message, hint } = error;
  const options = { hint, cause: error };
  if (error.code !== "CLUSTER_REFUSED") return new BackendError("BOX_BROKEN", message, options);
  if (error.status === 401) {
    return new BackendError(
      "BOX_BROKEN",
      "the cluster does not know you: its credentials are no good",
      {
        hint: `log in again, then try: kubectl --namespace ${settings.namespace} get pods`,
        cause: error,
      },
    );
  }
  if (error.status === 403) return refused(error, what, settings);
  if (error.status === 404 && /namespaces? "[^"]*" not found/.test(message)) {
    return new BackendError("BOX_MISSING", "sandbox not created, run `cco box create`", {
      hint: "cco box create --backend kubernetes",
      cause: error,
    });
  }
  return new BackendError("BACKEND_FAILED", `${what}: ${message}`, options);
}

function refused(error: ApiError, what: string, settings: Settings): BackendError {
  if (error.message.includes("exceeded quota")) {
    return new BackendError("BACKEND_FAILED", `${what}: no room in the quota: ${quotaOf(error)}`, {
      hint: "pull or remove sessions (`cco box ls --all`), or raise backends.kubernetes.quota",
      cause: error,
    });
  }
  if (error.message.includes("violates PodSecurity")) {
    return new BackendError("BACKEND_FAILED", `${what}: ${error.message}`, {
      hint: "backends.kubernetes.pod asks for more than the namespace lets a pod have",
      cause: error,
    });
  }
  return new BackendError("BACKEND_FAILED", `${what}: no right to do that: ${error.message}`, {
    hint: `an administrator gives it: cco box template --backend kubernetes (namespace ${settings.namespace})`,
    cause: error,
  });
}

/** `exceeded quota: cco, requested: pods=1, used: pods=2, limited: pods=2` */
function quotaOf({ message }: ApiError): string {
  return /exceeded quota: (.*)$/s.exec(message)?.[1] ?? message;
}
