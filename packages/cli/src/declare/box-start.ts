import { declare, value } from "./command.js";
import { BACKEND } from "./kinds.js";

export const boxStart = declare({
  name: "start",
  description: "start a box that is stopped or broken",
  args: {},
  options: {
    backend: value(BACKEND, "what isolates: local, lima, container, kubernetes"),
  },
  examples: ["cco box start --backend lima"],
});
