import { flag, value } from "./command.js";
import { text } from "./kinds.js";

/** Options that every command takes. */
export const EVERYWHERE = {
  json: flag("print one JSON value on stdout"),
  quiet: flag("print ids only, no notes", "q"),
  verbose: flag("show each external command with its time, on stderr", "v"),
  noColor: flag("no colours"),
  host: value(text("user@machine"), "the box there, by ssh"),
  repo: value(text("dir", "files"), "the repository (default: the current folder's)"),
  help: flag("show help", "h"),
  version: flag("print the version", "V"),
} as const;
