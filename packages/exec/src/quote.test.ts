import { expect, it } from "vitest";

import { quoteArgv } from "./quote.js";

it.each([
  [["ls", "-l"], "ls -l"],
  [["echo", ""], "echo ''"],
  [["echo", "a b"], "echo 'a b'"],
  [["echo", "it's"], `echo 'it'"'"'s'`],
  [["echo", "$(reboot)"], "echo '$(reboot)'"],
])("quotes %j as %s", (argv, line) => {
  expect(quoteArgv(argv)).toBe(line);
});
