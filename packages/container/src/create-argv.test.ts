import { describe, expect, it } from "vitest";

import { agentArgv, boxScript, keeperArgv, netArgv, onlineArgv } from "./create-argv.js";
import { ENGINES, type EngineName } from "./engines.js";
import type { GuestRecord } from "./record.js";

const record: GuestRecord = {
  version: 1,
  id: "7f3a9c21",
  image: "localhost/cco-box:1",
  network: { policy: "none", allow: [] },
  env: { A: "1" },
  turns: false,
};
const online: GuestRecord = { ...record, network: { policy: "allowlist", allow: ["a.test"] } };
const scripts = { keeper: "KEEPER", launch: "LAUNCH", box: "BOX" };

const settings = (engine: EngineName) => ({
  engine: ENGINES[engine],
  box: "cco",
  limits: { memory: "4g", pids: 4096 },
});

/** Values of a flag. */
function all(argv: readonly string[], flag: string): readonly string[] {
  return argv.filter((_, index) => argv[index - 1] === flag);
}

describe("the agent's container", () => {
  it("is this, word for word, in docker", () => {
    expect(agentArgv(settings("docker"), record, "ENTRY")).toEqual([
      ...["docker", "create", "--name", "cco-7f3a9c21-agent", "--pull=never"],
      ...["--label", "cco.box=cco", "--label", "cco.guest=7f3a9c21", "--label", "cco.role=agent"],
      ...["--network", "none", "--hostname", "sandbox", "--user", "1000:1000", "--read-only"],
      ...["--tmpfs", "/tmp:rw,nosuid,nodev,mode=1777", "--cap-drop", "ALL"],
      ...["--security-opt", "no-new-privileges", "--memory", "4g", "--memory-swap", "4g"],
      ...["--pids-limit", "4096", "--log-driver", "none"],
      ...["--volume", "cco-7f3a9c21-workspace:/workspace"],
      ...["--volume", "cco-7f3a9c21-exchange:/exchange"],
      ...["--volume", "cco-7f3a9c21-home:/home/agent"],
      ...["--volume", "cco-7f3a9c21-control:/cco"],
      ...["--env", "HOME=/home/agent", "--env", "USER=agent", "--env", "LOGNAME=agent"],
      ...["--env", "SHELL=/bin/sh", "--env", "LANG=C.UTF-8", "--env", "A=1"],
      ...["localhost/cco-box:1", "sh", "-c", "ENTRY", "entry", "7f3a9c21"],
    ]);
  });

  it("differs in podman by what docker does not know, and in nothing else", () => {
    const [docker, podman] = (["docker", "podman"] as const).map((engine) =>
      agentArgv(settings(engine), record, "ENTRY").slice(1),
    );
    const own = ["--http-proxy=false", "--read-only-tmpfs=false"];
    expect(podman?.filter((word) => !own.includes(word))).toEqual(docker);
  });

  it("has the limits and the user namespace of the configuration", () => {
    const limits = { memory: "1g", cpus: "1.5", pids: 7 };
    const argv = agentArgv({ ...settings("podman"), limits, userns: "keep-id" }, record, "ENTRY");
    expect(all(argv, "--memory")).toEqual(["1g"]);
    expect(all(argv, "--cpus")).toEqual(["1.5"]);
    expect(all(argv, "--pids-limit")).toEqual(["7"]);
    expect(all(argv, "--userns")).toEqual(["keep-id"]);
  });

  it("says in a label that its agent tells of its turns", () => {
    const argv = agentArgv(settings("podman"), { ...record, turns: true }, "ENTRY");
    expect(all(argv, "--label")).toContain("cco.turns=yes");
  });

  it("with an allowlist has no network of its own, the proxy's variables and its socket to read", () => {
    const argv = agentArgv(settings("podman"), online, "ENTRY");
    expect(all(argv, "--network")).toEqual(["none"]);
    expect(all(argv, "--volume")).toContain("cco-7f3a9c21-net:/cco-net:ro");
    expect(all(argv, "--env").some((word) => word.startsWith("HTTPS_PROXY="))).toBe(true);
  });
});

it("the keeper has the record as a label, no network, and what is run after the end", () => {
  const argv = keeperArgv(settings("podman"), record, scripts, ["collect", "a b"]);
  expect(all(argv, "--network")).toEqual(["none"]);
  expect(all(argv, "--label")).toContain(`cco.record=${JSON.stringify(record)}`);
  expect(argv.slice(argv.indexOf("localhost/cco-box:1"))).toEqual([
    ...["localhost/cco-box:1", "sh", "-c", "KEEPER", "keeper", "7f3a9c21", "LAUNCH", "BOX"],
    ...["collect", "a b"],
  ]);
});

it("the network helper's container alone is on the host's network, and mounts no bytes of the guest", () => {
  const argv = netArgv(settings("podman"), online);
  expect(all(argv, "--network")).toEqual(["host"]);
  expect(all(argv, "--volume")).toEqual([
    "cco-7f3a9c21-net:/cco-net",
    "cco-7f3a9c21-control:/cco:ro",
  ]);
  expect(argv.slice(-4)).toEqual([
    ...["--allow", "a.test", "--config-key", "backends.container.network.allow"],
  ]);
});

it("a program with the network is in a container without one, beside a helper of its own", () => {
  const program = { name: "p", cwd: "/workspace/7f3a9c21", env: {}, argv: ["id"] };
  const argv = onlineArgv(settings("podman"), online, program);
  expect(argv.slice(0, 6)).toEqual(["podman", "run", "--rm", "--interactive", "--name", "p"]);
  expect(all(argv, "--network")).toEqual(["none"]);
  expect(argv.slice(-2)).toEqual(["/workspace/7f3a9c21", "id"]);
  const helper = netArgv(settings("podman"), online, "p");
  expect(helper.slice(0, 5)).toEqual(["podman", "run", "--detach", "--name", "p-net"]);
  expect(helper).toContain("/cco-net/p");
  expect(argv.find((word) => word.includes("box_socket"))).toContain("/cco-net/p");
  // Nothing but the guest's own volumes, which go with it however this ends.
  for (const volume of [...all(argv, "--volume"), ...all(helper, "--volume")]) {
    expect(volume).toMatch(/^cco-7f3a9c21-/);
  }
});

it("no container has a folder of the host, a capability or a privilege", () => {
  const program = { name: "p", cwd: "/", env: {}, argv: ["id"] };
  const every = (["podman", "docker"] as const).flatMap((engine) => [
    agentArgv(settings(engine), online, "ENTRY"),
    keeperArgv(settings(engine), online, scripts, []),
    netArgv(settings(engine), online),
    onlineArgv(settings(engine), online, program),
  ]);
  for (const argv of every) {
    for (const volume of all(argv, "--volume")) expect(volume).toMatch(/^[a-z0-9]/);
    expect(all(argv, "--cap-drop")).toEqual(["ALL"]);
    expect(all(argv, "--security-opt")).toEqual(["no-new-privileges"]);
    for (const word of ["--privileged", "--cap-add", "--mount", "--device", "--pid", "--ipc"]) {
      expect(argv).not.toContain(word);
    }
  }
});

it("the supervisor's script quotes what it is given", async () => {
  const box = await boxScript(record, { afterEnd: ["sh", "-c", "it's $(id)"] });
  expect(box).toContain(`'it'"'"'s $(id)'`);
  expect(box).toContain("cd /workspace/7f3a9c21 &&");
});
