export { LimaClient, type LimaCallOptions, type LimaResult, type LimaTemplate } from "./client.js";
export type { LimaInfo } from "./info.js";
export type { LimaInstance, LimaStatus } from "./instance.js";
export { DEFAULT_BOX, LimaBackend, type LimaBackendOptions } from "./lima-backend.js";
export { LimaRunner } from "./lima-runner.js";
export type { LimaMessage } from "./log.js";
export type { ProvisionTool } from "./provision.js";
