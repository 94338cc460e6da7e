import { declare, flag } from "./command.js";

export const boxLs = declare({
  name: "ls",
  description: "sessions, newest first",
  args: {},
  options: { all: flag("of other repositories too") },
  examples: ["cco box ls --all --json"],
});
