export { BackendError, type BackendErrorCode } from "./errors.js";
export { checkedGuestId } from "./guest-id.js";
export { signalOf } from "./signals.js";
export {
  insideArgv,
  insideHelper,
  needsNetHelper,
  NET_HELPER,
  outsideArgv,
  proxyEnv,
  readNetHelper,
} from "./net/index.js";
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
  GuestRelay,
  GuestSave,
  GuestState,
  NetworkPolicy,
  OpenControl,
  Salvage,
  SalvageStore,
  SandboxBackend,
  Saved,
  SetUpReport,
  Terminal,
  TurnRules,
  Waiting,
} from "./port.js";
export { entryScript, insideScript, keeperScript, launchScript } from "./terminal/assets.js";
export { PAIR_CONTROL, PairTerminal, type PairTerminalOptions } from "./terminal/pair-terminal.js";
export { parseStates } from "./terminal/state.js";
export { pairBoxScript } from "./terminal/pair-box.js";
export { turnScript } from "./terminal/turn-script.js";
export { TmuxTerminal, type TmuxTerminalOptions } from "./terminal/tmux-terminal.js";
export { putFile } from "./transfer.js";
