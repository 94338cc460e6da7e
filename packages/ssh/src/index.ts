export { SshError, type SshErrorCode } from "./errors.js";
export { SshRunner, type SshRunnerOptions } from "./ssh-runner.js";
