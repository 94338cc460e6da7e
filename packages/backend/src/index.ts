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
  Terminal,
} from "./port.js";
