import { describe, expect, it } from "vitest";

import { parseAllowEntry } from "./allow.js";
import { decide, mayResolve, readTarget, type Decision, type Policy } from "./policy.js";

const OWN = ["127.0.0.1", "::1", "192.168.1.10", "203.0.113.9", "fe80::abcd%eth0", "2a01:4f8::9"];
const PUBLIC = "93.184.216.34";
const PUBLIC6 = "2606:2800:220:1::1";

const allowlist = (...entries: string[]): Policy => ({
  kind: "allowlist",
  entries: entries.map(parseAllowEntry),
  ownAddresses: OWN,
});
const open = (...entries: string[]): Policy => ({ ...allowlist(...entries), kind: "open" });

function judge(host: string, port: number, resolved: readonly string[], policy: Policy): Decision {
  const target = readTarget(host);
  if (target === null) throw new Error(`unreadable: ${host}`);
  return decide(target, port, resolved, policy);
}

const NOT_LISTED = { allowed: false, reason: "not-listed" };
const found = (what: string): unknown => ({ allowed: false, reason: "address", found: what });
const to = (...addresses: string[]): unknown => ({ allowed: true, addresses });

describe("readTarget", () => {
  it.each([
    ["Example.COM", "name", "example.com"],
    ["example.com.", "name", "example.com"],
    ["xn--bcher-kva.example", "name", "xn--bcher-kva.example"],
    ["127.0.0.1", "address", "127.0.0.1"],
    ["127.0.0.1.", "address", "127.0.0.1"],
    ["127.1", "address", "127.0.0.1"],
    ["2130706433", "address", "127.0.0.1"],
    ["0x7f000001", "address", "127.0.0.1"],
    ["0x7F.1", "address", "127.0.0.1"],
    ["0177.0.0.1", "address", "127.0.0.1"],
    ["0", "address", "0.0.0.0"],
    ["[::1]", "address", "::1"],
    ["[0:0:0:0:0:0:0:1]", "address", "::1"],
    ["[::ffff:127.0.0.1]", "address", "127.0.0.1"],
    ["[::FFFF:7f00:1]", "address", "127.0.0.1"],
  ])("reads %s as the %s %s", (host, kind, expected) => {
    expect(readTarget(host)).toEqual({ kind, host: expected });
  });

  it.each([
    "",
    ".",
    "example.com..",
    "a..b",
    "user@example.com",
    "example.com:80",
    "example.com/x",
    "example.com#x",
    "example.com?x",
    "exa%6dple.com",
    "%31%32%37.0.0.1",
    "bücher.example",
    "１２７.0.0.1",
    "example.com\\evil",
    "exam ple.com",
    "example.com\u0000",
    "example.com\r\nx: y",
    "[fe80::1%25eth0]",
    "[::1",
    "::1",
    "[1.2.3.4]",
    "256.256.256.256",
    "1.2.3.4.5",
    `${"a".repeat(64)}.com`,
    "a.".repeat(200) + "com",
  ])("refuses %j", (host) => {
    expect(readTarget(host)).toBeNull();
  });
});

describe("an allowlist", () => {
  const policy = allowlist("example.com", "*.cdn.example", "git.example:22", "intranet.example");

  it.each([
    ["example.com", 443],
    ["example.com", 80],
    ["EXAMPLE.com.", 443],
    ["a.cdn.example", 443],
    ["b.a.cdn.example", 80],
    ["git.example", 22],
  ])("lets %s:%i through to the looked-up address", (host, port) => {
    expect(judge(host, port, [PUBLIC, PUBLIC6], policy)).toEqual(to(PUBLIC, PUBLIC6));
  });

  it.each([
    ["example.org", 443],
    ["example.com", 22],
    ["sub.example.com", 443],
    ["cdn.example", 443],
    ["evilcdn.example", 443],
    ["example.com.evil.org", 443],
    ["notexample.com", 443],
    ["git.example", 443],
    [PUBLIC, 443],
    [`[${PUBLIC6}]`, 443],
    ["127.0.0.1", 443],
    ["localhost", 443],
    ["0", 443],
  ])("refuses %s:%i as not listed, and never looks it up", (host, port) => {
    expect(judge(host, port, [PUBLIC], policy)).toEqual(NOT_LISTED);
    const target = readTarget(host);
    expect(target !== null && mayResolve(target, port, policy)).toBe(false);
  });

  it("lets a listed name lead into a private network", () => {
    expect(judge("intranet.example", 443, ["10.0.0.7"], policy)).toEqual(to("10.0.0.7"));
    expect(judge("intranet.example", 443, ["fd12::7"], policy)).toEqual(to("fd12::7"));
  });

  it.each([
    ["127.0.0.1", "a loopback address"],
    ["127.8.8.8", "a loopback address"],
    ["::1", "a loopback address"],
    ["::ffff:127.0.0.1", "a loopback address"],
    ["::ffff:7f00:1", "a loopback address"],
    ["::127.0.0.1", "a loopback address"],
    ["64:ff9b::7f00:1", "a loopback address"],
    ["2002:7f00:1::", "a loopback address"],
    ["0.0.0.0", "an unspecified address"],
    ["0.1.2.3", "an unspecified address"],
    ["::", "an unspecified address"],
    ["169.254.169.254", "a link-local address"],
    ["::ffff:169.254.169.254", "a link-local address"],
    ["fe80::1", "a link-local address"],
    ["fe80::1%eth0", "a link-local address"],
    ["224.0.0.1", "a multicast address"],
    ["ff02::1", "a multicast address"],
    ["255.255.255.255", "a broadcast address"],
    ["168.63.129.16", "a cloud metadata address"],
    ["fd00:ec2::254", "a cloud metadata address"],
    ["192.168.1.10", "an address of the host itself"],
    ["::ffff:192.168.1.10", "an address of the host itself"],
    ["203.0.113.9", "an address of the host itself"],
    ["2a01:4f8::9", "an address of the host itself"],
    ["2a01:04f8:0::0009", "an address of the host itself"],
  ])("refuses a listed name that leads to %s", (address, what) => {
    // The own-address list of this policy leaves loopback to its class.
    const own = policy.ownAddresses.filter((one) => !["127.0.0.1", "::1"].includes(one));
    const judged = judge("example.com", 443, [address], { ...policy, ownAddresses: own });
    expect(judged).toEqual(found(what));
  });

  it("keeps only the permitted of several addresses", () => {
    expect(judge("example.com", 443, ["127.0.0.1", PUBLIC], policy)).toEqual(to(PUBLIC));
  });

  it("refuses a name without addresses", () => {
    expect(judge("example.com", 443, [], policy).allowed).toBe(false);
  });
});

describe("a loopback port in allow", () => {
  it("opens that literal address and port", () => {
    const policy = allowlist("127.0.0.1:4010");
    for (const host of ["127.0.0.1", "127.1", "2130706433", "[::ffff:127.0.0.1]", "localhost"]) {
      expect(judge(host, 4010, [], policy)).toEqual(to("127.0.0.1"));
    }
  });

  it.each([
    ["127.0.0.1", 4011],
    ["127.0.0.2", 4010],
    ["[::1]", 4010],
    ["0.0.0.0", 4010],
    ["192.168.1.10", 4010],
  ])("does not open %s:%i", (host, port) => {
    expect(judge(host, port, [], allowlist("127.0.0.1:4010"))).toEqual(NOT_LISTED);
  });

  it("as [::1] opens only that", () => {
    const policy = allowlist("[::1]:4010");
    expect(judge("[::1]", 4010, [], policy)).toEqual(to("::1"));
    expect(judge("localhost", 4010, [], policy)).toEqual(to("::1"));
    expect(judge("127.0.0.1", 4010, [], policy)).toEqual(NOT_LISTED);
  });

  it("as localhost opens both loopback addresses, and names below it mean the same", () => {
    const policy = allowlist("localhost:4010");
    expect(judge("127.0.0.1", 4010, [], policy)).toEqual(to("127.0.0.1"));
    expect(judge("[::1]", 4010, [], policy)).toEqual(to("::1"));
    expect(judge("app.localhost", 4010, [], policy)).toEqual(to("127.0.0.1", "::1"));
    expect(judge("localhost", 4011, [], policy)).toEqual(NOT_LISTED);
  });

  it("takes localhost for loopback whatever a resolver says", () => {
    expect(judge("localhost", 443, [PUBLIC], allowlist("localhost:4010"))).toEqual(NOT_LISTED);
    expect(judge("localhost", 4010, [PUBLIC], allowlist("localhost:4010"))).toEqual(
      to("127.0.0.1", "::1"),
    );
  });

  it("does not open it to an unlisted name", () => {
    expect(judge("evil.example", 4010, ["127.0.0.1"], allowlist("127.0.0.1:4010"))).toEqual(
      NOT_LISTED,
    );
  });

  it("opens it to a listed name, which gets nothing more by it", () => {
    const policy = allowlist("dev.example:4010", "127.0.0.1:4010");
    expect(judge("dev.example", 4010, ["127.0.0.1"], policy)).toEqual(to("127.0.0.1"));
    expect(judge("dev.example", 4010, ["127.0.0.2"], policy)).toEqual(found("a loopback address"));
  });
});

describe("open", () => {
  it.each([
    ["example.org", 443],
    ["example.org", 22],
    ["example.org", 6667],
  ])("lets %s:%i through", (host, port) => {
    expect(judge(host, port, [PUBLIC], open())).toEqual(to(PUBLIC));
  });

  it("lets a public address through", () => {
    expect(judge(PUBLIC, 443, [], open())).toEqual(to(PUBLIC));
    expect(judge(`[${PUBLIC6}]`, 443, [], open())).toEqual(to(PUBLIC6));
  });

  it.each([
    ["10.0.0.1", "a private address"],
    ["172.16.3.4", "a private address"],
    ["192.168.1.11", "a private address"],
    ["100.64.0.1", "a private address"],
    ["198.18.0.1", "a private address"],
    ["fd12::1", "a private address"],
    ["fec0::1", "a private address"],
    ["::ffff:10.0.0.1", "a private address"],
    ["64:ff9b::a00:1", "a private address"],
    ["2002:a00:1::", "a private address"],
    ["203.0.113.9", "an address of the host itself"],
    ["127.0.0.1", "an address of the host itself"],
    ["127.0.0.2", "a loopback address"],
    ["169.254.169.254", "a link-local address"],
  ])("refuses %s", (address, what) => {
    expect(judge("example.org", 443, [address], open())).toEqual(found(what));
    const literal = address.includes(":") ? `[${address}]` : address;
    expect(judge(literal, 443, [], open())).toEqual(found(what));
  });

  it("refuses localhost, and any lookup of it", () => {
    expect(judge("localhost", 4010, [PUBLIC], open()).allowed).toBe(false);
    expect(mayResolve({ kind: "name", host: "x.localhost" }, 80, open())).toBe(false);
  });

  it("lets listed private names and addresses and loopback ports through", () => {
    const policy = open("intranet.example", "10.0.0.1:8080", "127.0.0.1:4010");
    expect(judge("intranet.example", 443, ["10.0.0.7"], policy)).toEqual(to("10.0.0.7"));
    expect(judge("intranet.example", 8080, ["10.0.0.7"], policy).allowed).toBe(false);
    expect(judge("10.0.0.1", 8080, [], policy)).toEqual(to("10.0.0.1"));
    expect(judge("127.0.0.1", 4010, [], policy)).toEqual(to("127.0.0.1"));
  });
});
