import { declare, flag, value } from "./command.js";
import { BACKEND } from "./kinds.js";

export const boxStop = declare({
  name: "stop",
  description: "stop the box; refuses while sessions run",
  args: {},
  options: {
    backend: value(BACKEND, "what isolates: local, lima, container, kubernetes"),
    force: flag("even then: ends them, what they left stays pullable"),
  },
  examples: ["cco box stop --backend lima"],
});
