import { declare } from "./command.js";

export const ls = declare({
  name: "ls",
  description: "workspaces, each with its sessions",
  args: {},
  options: {},
  examples: ["cco ls --json"],
});
