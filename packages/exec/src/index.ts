export { readAsset } from "./asset.js";
export { CcoError, RunError, type CcoErrorOptions, type RunErrorCode } from "./errors.js";
export { ExecaRunner, type ExecaRunnerOptions } from "./execa-runner.js";
export { homeFolder, xdgFolder } from "./folders.js";
export { makeFolder } from "./make-folder.js";
export { quoteArgv } from "./quote.js";
export { runReported, type RemoteLink } from "./reported.js";
export type { CommandRunner, OutputSink, RunOptions, RunResult, StdinSource } from "./runner.js";
export { traceRunner, type TracedRun } from "./trace.js";
