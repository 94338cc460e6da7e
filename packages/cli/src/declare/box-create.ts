import { declare, value } from "./command.js";
import { BACKEND, text } from "./kinds.js";

export const boxCreate = declare({
  name: "create",
  description: "make the box and start it; for local: check its tools",
  args: {},
  options: {
    backend: value(BACKEND, "what isolates: local, lima, container, kubernetes"),
    template: value(text("file", "files"), "make it from this instead (see `cco box template`)"),
  },
  examples: ["cco box create --backend lima"],
});
