export type { ApiCall } from "./api/cluster.js";
export { ApiError, type ApiErrorCode } from "./api/errors.js";
export { KubernetesBackend, type KubernetesBackendOptions } from "./kubernetes-backend.js";
export type { KubernetesSettings } from "./settings.js";
