import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

import { makeTempDir } from "../../../test/support/temp-dir.js";
import { guestProfile, profileOf, seatbeltConfig } from "../src/seatbelt.js";

/** The real library, told that it is on a Mac; it only writes a profile there. */
const ASK = `
  Object.defineProperty(process, "platform", { value: "darwin" });
  const { SandboxManager } = await import("@anthropic-ai/sandbox-runtime");
  await SandboxManager.initialize(JSON.parse(process.argv[1]));
  const { argv } = await SandboxManager.wrapWithSandboxArgv("true", "/bin/sh");
  process.stdout.write(JSON.stringify(argv));
  await SandboxManager.reset();
  process.exit();
`;

it("the profile of the pinned sandbox runtime is one that can be made the guest's", () => {
  const dir = makeTempDir();
  const options = {
    own: [`${dir}/guests/7f3a9c21/workspace`],
    dataDir: dir,
    programs: [`${dir}/bin/agent`],
    ports: [3128],
  };
  const run = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", ASK, JSON.stringify(seatbeltConfig(options))],
    { encoding: "utf8", cwd: fileURLToPath(new URL("..", import.meta.url)) },
  );
  expect(run.stderr).toBe("");
  const profile = guestProfile(profileOf(JSON.parse(run.stdout) as string[]), options);
  expect(profile).toMatch(/^\(version 1\)\n\(deny default/);
  expect(profile).toContain('(subpath "/Users")');
  expect(profile.match(/^\(allow network.*$/gm)).toEqual([
    '(allow network-outbound (remote ip "localhost:3128"))',
  ]);
  // As many brackets are closed as opened, outside of strings and comments.
  const code = profile.replace(/"(?:[^"\\]|\\.)*"/g, "").replace(/;.*$/gm, "");
  expect(code.split("(").length).toBe(code.split(")").length);
});
