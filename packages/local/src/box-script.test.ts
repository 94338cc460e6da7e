import { expect, it } from "vitest";

import { boxScript } from "./box-script.js";

it("keeps every word of the agent's sandbox and takes the agent's as they come", () => {
  const script = boxScript({ agent: ["bwrap", "a'b", "$x"], inside: "echo 'in'" });
  expect(script).toContain(`exec bwrap 'a'"'"'b' '$x' --json-status-fd 3`);
  expect(script).toContain(`--setenv TERM "$TERM"`);
  expect(script).toContain(`cco "$@"`);
  expect(script).not.toContain("box_after");
  expect(script).not.toContain("box_helper");
});

it("has the other steps where there are any", () => {
  const helper = { argv: ["node", "h"], agentArgv: ["node", "h", "k"], netDir: "/d d/net" };
  const script = boxScript({ agent: ["b"], inside: "x", after: ["collect", "it's"], helper });
  expect(script).toContain(`box_after() {\n  exec collect 'it'"'"'s'\n}`);
  expect(script).toContain(`cd '/d d/net'/"$1" || return 1\n`);
  expect(script).toContain(`[ "$1" != agent ] || exec node h k\n  exec node h\n}`);
});
