import { declare, flag } from "./command.js";

export const boxGc = declare({
  name: "gc",
  description: "remove what is pulled, orphaned or expired; never unpulled work",
  args: {},
  options: { dryRun: flag("only say what would go") },
  examples: ["cco box gc --dry-run"],
});
