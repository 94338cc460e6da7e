import { describe, expect, it } from "vitest";

import { AllowEntryError, loopbackForwards, parseAllowEntry } from "./allow.js";

describe("parseAllowEntry", () => {
  it.each([
    ["example.com", { kind: "name", name: "example.com", ports: [80, 443] }],
    ["EXAMPLE.com.", { kind: "name", name: "example.com", ports: [80, 443] }],
    ["example.com:8443", { kind: "name", name: "example.com", ports: [8443] }],
    ["*.example.com", { kind: "below", name: "example.com", ports: [80, 443] }],
    ["*.example.com:22", { kind: "below", name: "example.com", ports: [22] }],
    ["bücher.example", { kind: "name", name: "xn--bcher-kva.example", ports: [80, 443] }],
    ["127.0.0.1:4010", { kind: "address", address: "127.0.0.1", ports: [4010] }],
    ["[::1]:4010", { kind: "address", address: "::1", ports: [4010] }],
    ["[0:0::1]:4010", { kind: "address", address: "::1", ports: [4010] }],
    ["10.1.2.3", { kind: "address", address: "10.1.2.3", ports: [80, 443] }],
    ["localhost:4010", { kind: "localhost", ports: [4010] }],
    ["LocalHost:4010", { kind: "localhost", ports: [4010] }],
  ])("understands %s", (entry, expected) => {
    expect(parseAllowEntry(entry)).toEqual(expected);
  });

  it.each([
    "",
    "*",
    "*.",
    "*.*.example.com",
    "exa mple.com",
    "example.com:0",
    "example.com:65536",
    "example.com:http",
    "https://example.com",
    "example.com/path",
    "user@example.com",
    "::1",
    "[::1]",
    "[::1%lo]:80",
    "127.0.0.1",
    "localhost",
    "127.1:80",
    "2130706433:80",
    "0x7f000001:80",
    "a..b",
    "-a.example:80",
    `${"a".repeat(64)}.example`,
    `${"a.".repeat(127)}example`,
  ])("refuses %j and names it", (entry) => {
    expect(() => parseAllowEntry(entry)).toThrow(AllowEntryError);
    expect(() => parseAllowEntry(entry)).toThrow(JSON.stringify(entry));
  });
});

describe("loopbackForwards", () => {
  it("picks the host's own ports and nothing else", () => {
    const allow = ["example.com", "127.0.0.1:4010", "10.0.0.1:80", "localhost:5", "[::1]:6"];
    expect(loopbackForwards(allow)).toEqual(["127.0.0.1:4010", "localhost:5", "[::1]:6"]);
  });
});
