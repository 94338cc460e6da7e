import { describe, expect, it } from "vitest";

import { parseInfo, parseVersion, socketExcess } from "./info.js";
import { parseInstances } from "./instance.js";
import { parseMessage, parseMessages } from "./log.js";

/**
 * Captured from limactl 2.2.0, `list --format json`: a running VM, of whose `config` most is cut out,
 * and a folder without a lima.yaml.
 */
const LIST_2_2 = `{"name":"lab","hostname":"lima-lab","status":"Running","dir":"/var/tmp/lab/home/lab","vmType":"qemu","arch":"x86_64","cpus":2,"memory":1073741824,"disk":4294967296,"sshLocalPort":44911,"sshConfigFile":"/var/tmp/lab/home/lab/ssh.config","hostAgentPID":26523,"driverPID":26564,"config":{"vmType":"qemu","os":"Linux","arch":"x86_64","cpus":2,"memory":"1GiB","disk":"4GiB","plain":false,"user":{"name":"tester","comment":"","home":"/home/tester.guest","shell":"/bin/bash","uid":1001,"passwordlessSudo":true},"tpm":false},"sshAddress":"127.0.0.1","protected":false,"limaVersion":"v2.2.0","HostOS":"linux","HostArch":"x86_64","LimaHome":"/var/tmp/lab/home","IdentityFile":"/var/tmp/lab/home/_config/user"}
{"name":"odd","hostname":"","status":"Broken","dir":"/var/tmp/lab/home/odd","vmType":"","arch":"","errors":[{"Op":"open","Path":"/var/tmp/lab/home/odd/lima.yaml","Err":2}],"protected":false,"limaVersion":"","HostOS":"linux","HostArch":"x86_64","LimaHome":"/var/tmp/lab/home","IdentityFile":"/var/tmp/lab/home/_config/user"}
`;

/** Not captured: a stopped VM with the keys that 1.2.3 has by its source, and values as above. */
const LIST_1_2 = `{"name":"lab","hostname":"lima-lab","status":"Stopped","dir":"/var/tmp/lab/home/lab","vmType":"qemu","arch":"x86_64","cpuType":{"aarch64":"cortex-a72","x86_64":"qemu64"},"cpus":2,"memory":1073741824,"disk":4294967296,"sshConfigFile":"/var/tmp/lab/home/lab/ssh.config","config":{"vmType":"qemu"},"sshAddress":"127.0.0.1","protected":false,"limaVersion":"1.2.3","HostOS":"linux","HostArch":"x86_64","LimaHome":"/var/tmp/lab/home","IdentityFile":"/var/tmp/lab/home/_config/user"}
`;

/** Captured from 2.2.0: the beginning of `info`, with what is read of the rest. */
const INFO_2_2 = `{
    "version": "v2.2.0",
    "templates": [
        {
            "name": "default",
            "location": "/opt/lima/share/lima/templates/default.yaml"
        }
    ],
    "limaHome": "/var/tmp/lab/home",
    "vmTypes": [
        "qemu"
    ],
    "hostOS": "linux"
}
`;

describe("parseInstances", () => {
  it("reads what 2.2 prints, a broken row too", () => {
    const [lab, odd] = parseInstances(LIST_2_2);
    expect(lab).toEqual({
      name: "lab",
      status: "Running",
      dir: "/var/tmp/lab/home/lab",
      vmType: "qemu",
      arch: "x86_64",
      memory: 1073741824,
      disk: 4294967296,
      limaVersion: "2.2.0",
      sshConfigFile: "/var/tmp/lab/home/lab/ssh.config",
      errors: [],
    });
    expect(odd).toMatchObject({
      status: "Broken",
      vmType: null,
      limaVersion: null,
      errors: ["cannot open /var/tmp/lab/home/odd/lima.yaml"],
    });
  });

  it("reads what 1.2 prints", () => {
    expect(parseInstances(LIST_1_2)).toMatchObject([{ status: "Stopped", limaVersion: "1.2.3" }]);
  });

  it("errors are told whatever they are made of", () => {
    const rows = parseInstances('{"name":"x","errors":["a word",{"Code":7},null]}');
    expect(rows[0]?.errors).toEqual(["a word", '{"Code":7}', "null"]);
  });

  it("nothing is no VM, an empty status is one that cannot be read, a new word stays", () => {
    expect(parseInstances("")).toEqual([]);
    const status = (text: string) =>
      parseInstances(`{"name":"x","status":"${text}","dir":"/d"}`)[0]?.status;
    expect([status(""), status("Paused")]).toEqual(["", "Paused"]);
  });

  it.each(["No instance found.", "[]", '{"hostname":"x"}', "{"])("refuses %j", (text) => {
    expect(() => parseInstances(text)).toThrow(SyntaxError);
  });
});

describe("parseMessage", () => {
  it.each([
    [
      'time="2026-01-02T03:04:05Z" level=info msg="[hostagent] Waiting for the essential requirement 1 of 3: `ssh`"',
      { level: "info", text: "Waiting for the essential requirement 1 of 3: `ssh`" },
    ],
    [
      'time="2026-01-02T03:04:05Z" level=fatal msg="instance \\"x\\" already exists"',
      { level: "fatal", text: 'instance "x" already exists' },
    ],
    [
      'time="2026-01-02T03:04:05Z" level=warning msg=slow error="no route\\nto host"',
      { level: "warning", text: "slow: no route\nto host" },
    ],
    // Captured from 2.2.0.
    [
      'time="2026-11-27T03:22:21Z" level=warning msg="instance `odd` has errors" errors="[open /h/odd/lima.yaml: no such file or directory]"',
      { level: "warning", text: "instance `odd` has errors" },
    ],
    [
      "limactl: must not run as the root user",
      { level: "other", text: "limactl: must not run as the root user" },
    ],
    ['level=loud msg="x"', { level: "other", text: 'level=loud msg="x"' }],
  ])("%s", (line, message) => {
    expect(parseMessage(line)).toEqual(message);
  });

  it("an empty line is none", () => {
    expect(parseMessages("\n\n")).toEqual([]);
  });
});

describe("info and versions", () => {
  it("reads what info prints", () => {
    expect(parseInfo(INFO_2_2)).toEqual({
      version: "2.2.0",
      limaHome: "/var/tmp/lab/home",
      vmTypes: ["qemu"],
    });
    const text =
      '{"version":"2.2.0-12-gabc.m","limaHome":"/home/me/.lima","vmTypes":["qemu","vz"]}';
    expect(parseInfo(text)).toEqual({
      version: "2.2.0",
      limaHome: "/home/me/.lima",
      vmTypes: ["qemu", "vz"],
    });
    expect(() => parseInfo("{}")).toThrow(SyntaxError);
  });

  it("finds a version", () => {
    expect([parseVersion("limactl version 1.2.3\n"), parseVersion("HEAD")]).toEqual([
      "1.2.3",
      null,
    ]);
  });

  it.each([
    ["/home/me/.lima", "linux", 0],
    [`/${"h".repeat(68)}`, "linux", 0],
    [`/${"h".repeat(69)}`, "linux", 1],
    [`/${"h".repeat(69)}`, "darwin", 5],
  ] as const)("a socket under %s on %s is %i bytes too long", (home, platform, excess) => {
    expect(socketExcess(home, "cco-sandbox", platform)).toBe(excess);
  });
});
