import { describe, expect, it } from "vitest";

import { insideArgv, insideHelper, needsNetHelper, outsideArgv, proxyEnv } from "./index.js";

const program = { node: "/usr/bin/node", helper: "/data/cco-net.cjs" };
const allow = ["example.com", "127.0.0.1:4010", "localhost:5000"];

describe("outsideArgv", () => {
  it("hands the policy and every entry over", () => {
    const network = { policy: "allowlist", allow } as const;
    expect(outsideArgv({ ...program, socket: "/ctl/net", network })).toEqual([
      ...[
        "/usr/bin/node",
        "--max-old-space-size=64",
        "/data/cco-net.cjs",
        "outside",
        "--socket",
        "/ctl/net",
      ],
      ...["--policy", "allowlist", "--allow", "example.com"],
      ...["--allow", "127.0.0.1:4010", "--allow", "localhost:5000"],
    ]);
  });

  it("hands over where the configuration has them", () => {
    const network = { policy: "open", allow: [] } as const;
    const argv = outsideArgv({
      ...program,
      socket: "s",
      network,
      configKey: "backends.x.network.allow",
    });
    expect(argv.slice(-2)).toEqual(["--config-key", "backends.x.network.allow"]);
  });

  it("opens no name where the policy is none", () => {
    const argv = outsideArgv({ ...program, socket: "s", network: { policy: "none", allow } });
    expect(argv.slice(argv.indexOf("--policy"))).toEqual([
      ...["--policy", "allowlist", "--allow", "127.0.0.1:4010", "--allow", "localhost:5000"],
    ]);
  });
});

describe("insideArgv", () => {
  it("listens for the proxy and for each loopback entry", () => {
    const network = { policy: "open", allow } as const;
    expect(insideArgv({ ...program, socket: "/run/net", network })).toEqual([
      ...["/usr/bin/node", "/data/cco-net.cjs", "inside", "--socket", "/run/net"],
      ...["--port", "3128", "--forward", "127.0.0.1:4010", "--forward", "localhost:5000"],
    ]);
  });
});

describe("the relay", () => {
  const network = { policy: "none", allow: [] } as const;

  it("is named by its sockets, its host and a file, never by a key", () => {
    const relay = { socket: "r", target: "https://api.example.com", headerFile: "/ctl/key" };
    const argv = outsideArgv({ ...program, socket: "s", network, relay });
    expect(argv.slice(argv.indexOf("allowlist") + 1)).toEqual([
      ...["--relay-socket", "r", "--relay-target", "https://api.example.com"],
      ...["--relay-headers", "/ctl/key"],
    ]);
    const inside = insideArgv({
      ...program,
      socket: "s",
      network,
      relay: { socket: "/run/r", port: 4011 },
    });
    expect(inside.slice(inside.indexOf("3128") + 1)).toEqual([
      ...["--relay-socket", "/run/r", "--relay-port", "4011"],
    ]);
  });
});

describe("needsNetHelper", () => {
  it.each([
    ["none", [], false],
    ["none", ["example.com"], false],
    ["none", ["127.0.0.1:4010"], true],
    ["allowlist", [], true],
    ["open", [], true],
  ] as const)("%s with %j: %s", (policy, entries, expected) => {
    expect(needsNetHelper({ policy, allow: entries })).toBe(expected);
  });
});

describe("proxyEnv", () => {
  it("names the proxy in both cases and keeps the guest's loopback direct", () => {
    const env = proxyEnv(8080);
    for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]) {
      expect(env[name]).toBe("http://127.0.0.1:8080");
      expect(env[name.toLowerCase()]).toBe("http://127.0.0.1:8080");
    }
    expect(env.NO_PROXY).toBe("localhost,127.0.0.1,::1");
    expect(env.no_proxy).toBe("localhost,127.0.0.1,::1");
    expect(env.NODE_USE_ENV_PROXY).toBe("1");
  });
});

it("starts the inner half without the terminal", () => {
  expect(insideHelper(["node", "h"], "/run")).toContain("(node h </dev/null >/run/.cco-ready");
});
