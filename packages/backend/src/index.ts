export { BackendError, type BackendErrorCode } from "./errors.js";
export { checkedGuestId } from "./guest-id.js";
export type {
  BackendCheck,
  BackendCreateOptions,
  BackendDescription,
  BackendPromises,
  BackendStatus,
  End,
  Guest,
  GuestExecOptions,
  GuestFile,
  GuestNetwork,
  GuestOptions,
  GuestState,
  NetworkPolicy,
  SandboxBackend,
  SetUpReport,
  Terminal,
} from "./port.js";
export { insideScript, launchScript } from "./terminal/assets.js";
export { parseStates } from "./terminal/state.js";
export { TmuxTerminal, type TmuxTerminalOptions } from "./terminal/tmux-terminal.js";
export { getFile, putFile } from "./transfer.js";
