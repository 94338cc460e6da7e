import { declare, needed } from "./command.js";
import { text } from "./kinds.js";

const KEY = text("key", "config-key");

export const configPath = declare({
  name: "path",
  description: "print the path of your configuration file",
  args: {},
  options: {},
  examples: ["cco config path"],
});

export const configShow = declare({
  name: "show",
  description: "what holds here, and where each value comes from",
  args: {},
  options: {},
  examples: ["cco config show --json"],
});

export const configInit = declare({
  name: "init",
  description: "write a first configuration file",
  args: {},
  options: {},
  examples: ["cco config init"],
});

export const configEdit = declare({
  name: "edit",
  description: "edit a copy in $VISUAL or $EDITOR; it is taken once it is right",
  args: {},
  options: {},
  examples: ["cco config edit"],
});

export const configGet = declare({
  name: "get",
  description: "print one value as it holds here",
  args: { key: needed(KEY) },
  options: {},
  examples: ["cco config get agent"],
});

export const configSet = declare({
  name: "set",
  description: "change one value of your configuration file; JSON, or a plain text",
  args: { key: needed(KEY), value: needed(text("value")) },
  options: {},
  examples: ["cco config set agent runbook"],
});
