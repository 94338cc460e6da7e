import { expect, it } from "vitest";

import { policyLabel, sessionPolicy } from "./network.js";

const policy = (...allow: string[]) =>
  sessionPolicy("7f3a9c21", { policy: "allowlist", allow }, { namespace: "cco" });

it("allows addresses and ranges, with or without a port", () => {
  const made = policy("203.0.113.7:443", "198.51.100.0/24", "[2001:db8::1]:8443");
  expect(made?.metadata).toEqual({ namespace: "cco", name: "cco-7f3a9c21" });
  expect(made?.["spec"]).toEqual({
    podSelector: { matchLabels: { "cco.dev/session": "7f3a9c21" } },
    policyTypes: ["Egress"],
    egress: [
      {
        to: [{ ipBlock: { cidr: "203.0.113.7/32" } }],
        ports: [{ protocol: "TCP", port: 443 }],
      },
      { to: [{ ipBlock: { cidr: "198.51.100.0/24" } }] },
      {
        to: [{ ipBlock: { cidr: "2001:db8::1/128" } }],
        ports: [{ protocol: "TCP", port: 8443 }],
      },
    ],
  });
});

it.each(["api.example.com", "*.example.com:443", "http://x/", "127.0.0.1:4010", "[::1]:80", ""])(
  "cannot allow %j, and says so",
  (entry) => {
    expect(() => policy(entry)).toThrow(
      expect.objectContaining({
        code: "NETWORK_UNSUPPORTED",
        message: expect.stringContaining(entry) as string,
      }) as Error,
    );
  },
);

it("a list without an entry is no network", () => {
  expect(policy()).toBeUndefined();
  expect(policyLabel({ policy: "allowlist", allow: [] })).toBe("none");
  expect(policyLabel({ policy: "allowlist", allow: ["203.0.113.7"] })).toBe("listed");
  expect(policyLabel({ policy: "open", allow: [] })).toBe("open");
});
