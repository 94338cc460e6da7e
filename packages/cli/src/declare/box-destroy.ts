import { declare, flag, value } from "./command.js";
import { BACKEND } from "./kinds.js";

export const boxDestroy = declare({
  name: "destroy",
  description: "remove the box; refuses while unpulled work is inside",
  args: {},
  options: {
    backend: value(BACKEND, "what isolates: local, lima, container, kubernetes"),
    force: flag("throw that work away"),
  },
  examples: ["cco box destroy --backend lima"],
});
