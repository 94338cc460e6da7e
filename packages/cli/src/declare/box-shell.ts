import { declare, value } from "./command.js";
import { BACKEND } from "./kinds.js";

export const boxShell = declare({
  name: "shell",
  description: "a shell in the box's machine, outside every session's sandbox",
  args: {},
  options: {
    backend: value(BACKEND, "what isolates: lima"),
  },
  examples: ["cco box shell --backend lima"],
});
