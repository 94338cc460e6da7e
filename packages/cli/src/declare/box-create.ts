import { declare, value } from "./command.js";
import { BACKEND } from "./kinds.js";

export const boxCreate = declare({
  name: "create",
  description: "make the box; for local: check its tools",
  args: {},
  options: { backend: value(BACKEND, "what isolates: local, kubernetes") },
  examples: ["cco box create"],
});
