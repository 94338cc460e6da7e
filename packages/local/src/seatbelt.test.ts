import { quoteArgv } from "@cco/exec";
import { describe, expect, it } from "vitest";

import {
  guestProfile,
  profileOf,
  SEATBELT_PROMISES,
  seatbeltArgv,
  seatbeltConfig,
  seatbeltProfile,
  type SandboxRuntime,
} from "./seatbelt.js";

const data = "/Users/me/.local/share/cco";
const own = [`${data}/guests/7f3a9c21/workspace`, `${data}/guests/7f3a9c21/home`];
const options = { own, dataDir: data, programs: ["/opt/homebrew/bin/node"], ports: [3128, 4010] };

const LIBRARY = [
  "(version 1)",
  "(deny default)",
  '(allow network-outbound (remote ip "localhost:1"))',
  "(allow file-read*)",
  '(deny file-write* (subpath "/repo/.git"))',
].join("\n");

const wrapped = (profile: string): string[] => [
  ...["/bin/sh", "-c"],
  `env A=1 ${quoteArgv(["/usr/bin/sandbox-exec", "-p", profile, "/bin/sh", "-c", "true"])}`,
];

describe("seatbeltConfig", () => {
  it("hides people's files and the other guests, and opens the guest's own folders", () => {
    const { filesystem } = seatbeltConfig(options);
    expect(filesystem.denyRead).toEqual(expect.arrayContaining(["/Users", "/private/tmp", data]));
    expect(filesystem.allowRead).toEqual([...own, "/opt/homebrew/bin/node"]);
    expect(filesystem.allowWrite).toEqual(own);
  });
});

describe("guestProfile", () => {
  const rules = guestProfile(LIBRARY, options).trimEnd().split("\n");

  it("has no network but the listed loopback ports", () => {
    expect(rules.filter((rule) => rule.includes("network"))).toEqual([
      "(deny network*)",
      '(allow network-outbound (remote ip "localhost:3128"))',
      '(allow network-outbound (remote ip "localhost:4010"))',
    ]);
    const none = guestProfile(LIBRARY, { ...options, ports: [] });
    expect(none.match(/network.*/g)).toEqual(["network*)"]);
  });

  it("ends with the guest's own folders, which so outweighs every refusal before", () => {
    expect(rules.at(-1)).toBe(
      `(allow file-read* file-write* (subpath "${own[0]}") (subpath "${own[1]}"))`,
    );
  });

  it("keeps a path a path, whatever is in it", () => {
    const odd = guestProfile(LIBRARY, { ...options, own: ['/a "b") (allow default\\'] });
    expect(odd).toContain('(subpath "/a \\"b\\") (allow default\\\\")');
  });
});

describe("profileOf", () => {
  it("finds the profile among quoted words", () => {
    const profile = `(version 1)\n; it doesn't matter\n(deny default)`;
    expect(profileOf(wrapped(profile))).toBe(profile);
  });

  it.each([[[]], [["/bin/sh", "-c", "true"]], [wrapped("not a profile")]])(
    "refuses anything else: %j",
    (argv) => {
      expect(() => profileOf(argv)).toThrow("gave no seatbelt profile");
    },
  );
});

describe("seatbeltProfile", () => {
  it("asks the library once, and resets it even when it fails", async () => {
    const calls: string[] = [];
    const runtime = (argv: string[]): SandboxRuntime => ({
      SandboxManager: {
        initialize: async (config) => {
          calls.push(`initialize ${config.network.httpProxyPort}`);
        },
        wrapWithSandboxArgv: async () => ({ argv }),
        reset: async () => {
          calls.push("reset");
        },
      },
    });
    const profile = await seatbeltProfile(options, async () => runtime(wrapped(LIBRARY)));
    expect(profile).toBe(guestProfile(LIBRARY, options));
    await expect(seatbeltProfile(options, async () => runtime([]))).rejects.toMatchObject({
      code: "BACKEND_FAILED",
    });
    expect(calls).toEqual(["initialize 1", "reset", "initialize 1", "reset"]);
  });
});

describe("seatbeltArgv", () => {
  it("clears the environment and hands the profile over as one argument", () => {
    expect(seatbeltArgv("(version 1)", { HOME: "/h", PATH: "/usr/bin" })).toEqual([
      ...["/usr/bin/env", "-i", "HOME=/h", "PATH=/usr/bin"],
      ...["/usr/bin/sandbox-exec", "-p", "(version 1)"],
    ]);
  });
});

describe("SEATBELT_PROMISES", () => {
  it("promises no process namespace", () => {
    expect(SEATBELT_PROMISES).toMatchObject({ separatesProcesses: false, reapsProcesses: false });
  });
});
