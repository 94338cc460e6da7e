export { DESKTOP_METHODS, type DesktopMethod } from "./desktop.js";
export {
  RemoveRefusedError,
  WorkspaceError,
  type Refusal,
  type RefusalReason,
  type WorkspaceErrorCode,
} from "./errors.js";
export type * from "./types.js";
export { Workspaces, type OpenPaneOptions, type WorkspacesOptions } from "./workspaces.js";
