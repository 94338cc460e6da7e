import { toJsonSchema } from "@valibot/to-json-schema";

import { ConfigSchema } from "./schema.js";

/** The JSON Schema of the configuration, as it is published in `schema/config.json`. */
export function configJsonSchema(): string {
  return `${JSON.stringify(toJsonSchema(ConfigSchema), null, 2)}\n`;
}
