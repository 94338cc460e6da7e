export { literal, type OptionScope, type TmuxCommand, type TmuxOptions } from "./argv.js";
export {
  TmuxClient,
  type CaptureOptions,
  type NewSessionOptions,
  type NewWindowOptions,
  type PaneStart,
  type SplitOptions,
} from "./client.js";
export { TmuxError, type TmuxErrorCode } from "./errors.js";
export type { PaneInfo, SessionInfo, WindowInfo } from "./info.js";
export type { TmuxClientOptions } from "./server.js";
export { MINIMUM_TMUX, type TmuxVersion } from "./version.js";
