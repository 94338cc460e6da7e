export { ContainerBackend, type ContainerBackendOptions } from "./container-backend.js";
export type { EngineName } from "./engines.js";
