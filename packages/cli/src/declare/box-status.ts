import { declare, value } from "./command.js";
import { BACKEND } from "./kinds.js";

export const boxStatus = declare({
  name: "status",
  description: "the box: its state, network policy, disk, sessions",
  args: {},
  options: {
    backend: value(BACKEND, "what isolates: local, lima, container, kubernetes"),
  },
  examples: ["cco box status --json"],
});
