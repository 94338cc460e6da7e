import { declare, value } from "./command.js";
import { BACKEND } from "./kinds.js";

export const boxTemplate = declare({
  name: "template",
  description: "print what the box is made from",
  args: {},
  options: {
    backend: value(BACKEND, "what isolates: lima, kubernetes"),
  },
  examples: ["cco box template --backend lima", "cco box template --backend kubernetes"],
});
