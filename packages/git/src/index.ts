export { GitError, type GitErrorCode } from "./errors.js";
export { Git, gitFailed, type GitOptions } from "./git.js";
