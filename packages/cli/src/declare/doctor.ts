import { declare } from "./command.js";

export const doctor = declare({
  name: "doctor",
  description: "what is installed, what is missing, how to get it",
  args: {},
  options: {},
  examples: ["cco doctor"],
});
