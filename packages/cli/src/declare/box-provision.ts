import { declare, value } from "./command.js";
import { BACKEND } from "./kinds.js";

export const boxProvision = declare({
  name: "provision",
  description: "bring the box up to what this version needs; says what it changed",
  args: {},
  options: {
    backend: value(BACKEND, "what isolates: local, lima, container, kubernetes"),
  },
  examples: ["cco box provision --backend lima"],
});
