import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { describe, expect, it } from "vitest";

import { waitFor } from "../support/wait-for.js";
import type { LimaScene } from "./lima-scene.js";
import { commitBlock, untilLet, type SessionJson } from "./scene.js";

/** A service of the VM's own that answers everything with 404, and its port in the file `port`. */
const SERVICE = `require("node:http").createServer((_, answer) => answer.writeHead(404).end())
  .listen(0, "127.0.0.1", function () { require("node:fs").writeFileSync(process.argv[1], String(this.address().port)) })`;

/** Processes of this machine that carry programs into the VMs of a scene. */
function carriers(scene: LimaScene): readonly number[] {
  const home = `LIMA_HOME=${scene.env["LIMA_HOME"] ?? ""}\0`;
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
      const carries = /limactl(?:\.sh)? shell |^ssh\b.*ssh\.sock/.test(command);
      return carries && readFileSync(`/proc/${name}/environ`, "utf8").includes(home)
        ? [Number(name)]
        : [];
    } catch {
      return [];
    }
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}

async function stopByCco(scene: LimaScene, id: string): Promise<void> {
  const refused = await scene.cco(["box", "stop"]);
  expect(refused.exitCode).toBe(6);
  expect(refused.stderr).toContain(id);
  await scene.ok(["box", "stop", "--force"]);
}

/**
 * What happens around sessions in a VM, with limactl's own commands in between as a person types
 * them.
 *
 * @param makeScene the default box is there and runs, before and after each case
 */
export function limaLifeCases(
  makeScene: (settings?: Readonly<Record<string, unknown>>) => LimaScene,
): void {
  it("status tells versions, disk, memory, the clock and who enforces the network", async () => {
    const scene = makeScene();
    const report = await scene.json<object>(["box", "status"]);
    expect(report).toMatchObject({
      backend: "lima",
      host: null,
      name: scene.box,
      status: "running",
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
      network: { policy: "allowlist", enforcedBy: expect.stringMatching(/, in the VM$/) as string },
      disk: { usedBytes: expect.any(Number) as number, freeBytes: expect.any(Number) as number },
      memory: { usedBytes: expect.any(Number) as number, totalBytes: expect.any(Number) as number },
      clockDifferenceMs: expect.any(Number) as number,
      sessions: 0,
    });
    expect(await scene.ok(["box", "status"])).toMatch(/^clock: .* s (?:ahead|behind)$/m);
  });

  it("limactl and ssh killed under a wait: the agent goes on, and so does the wait", async () => {
    const scene = makeScene();
    const id = await scene.running(untilLet, commitBlock("a"));
    const waiting = scene.start(["box", "wait", id]);
    await waitFor(() => carriers(scene).length > 0);
    for (const pid of carriers(scene)) kill(pid);
    expect(await scene.json<SessionJson[]>(["box", "ls"])).toMatchObject([{ state: "running" }]);
    scene.letGo(id);
    expect(await waiting.ended).toMatchObject({ exitCode: 0 });
    await scene.ok(["box", "pull", id]);
    expect(scene.repo.git("log", "--format=%s")).toBe("add a\nfirst");
  });

  it("the network is the place's to give: what is listed answers, the rest is refused", async () => {
    const folder = `/tmp/cco-service-${process.pid}`;
    const probe = makeScene();
    probe.inVm(
      `mkdir -p ${folder} && (setsid node -e '${SERVICE}' ${folder}/port </dev/null >/dev/null 2>&1 & echo $! >${folder}/pid)`,
    );
    try {
      const port = await waitFor(
        () => probe.inVm(`cat ${folder}/port 2>/dev/null || :`).trim() || null,
      );
      const scene = makeScene({ network: { policy: "allowlist", allow: [`127.0.0.1:${port}`] } });
      const ask = (url: string, file: string): string =>
        `git -c http.lowSpeedTime=60 ls-remote ${url} >>${file} 2>&1 || :`;
      const { sessionId } = await scene.push(
        scene.plan(
          ask(`http://127.0.0.1:${port}/repo`, "listed"),
          ask("http://denied.test/repo", "refused"),
          ask(`-c http.proxy= http://127.0.0.1:1/x`, "straight"),
          "git add . && git commit -q -m asked",
        ),
      );
      await scene.ok(["box", "pull", sessionId]);
      const said = (file: string): string => scene.repo.git("show", `HEAD:${file}`);
      expect(said("listed")).toMatch(/not found/);
      expect(said("refused")).toContain("403");
      const status = await scene.json<object>(["box", "status"]);
      expect(status).toMatchObject({ network: { policy: "allowlist" } });
    } finally {
      probe.inVm(`kill "$(cat ${folder}/pid)"; rm -rf ${folder}`);
    }
  });

  describe("a VM that goes down under a session", () => {
    const down: readonly [string, (scene: LimaScene, id: string) => unknown][] = [
      ["stopped by cco", stopByCco],
      ["stopped by hand", (scene) => scene.limactl("stop", "--tty=false", scene.box)],
      ["killed", (scene) => scene.limactl("stop", "--tty=false", "--force", scene.box)],
    ];
    it.each(down)("%s: ls tells the truth, and its work comes home", async (_, goDown) => {
      const scene = makeScene();
      const id = await scene.running(`${commitBlock("a")}\necho half >half\nsync`, untilLet);
      await goDown(scene, id);
      const listed = () => scene.json<SessionJson[]>(["box", "ls"]);
      expect(await listed()).toMatchObject([{ state: "failed", reason: "box-stopped" }]);
      const pull = await scene.cco(["box", "pull", id]);
      expect(pull.exitCode).toBe(7);
      expect(pull.stderr).toBe(
        "cco: sandbox not running, run `cco box start`\n  → cco box start --backend lima\n",
      );
      await scene.ok(["box", "start"]);
      expect(await listed()).toMatchObject([{ state: "failed", reason: "host-restart" }]);
      await scene.ok(["box", "pull", id], {}, 4);
      expect(scene.repo.git("log", "--format=%s")).toBe("add a\nfirst");
      expect(scene.repo.git("show", `refs/cco/salvage/${id}:half`)).toBe("half");
    });
  });

  it("create interrupted and repeated; destroy refuses to lose work", async () => {
    const { place, dir } = makeScene();
    // A real limactl runs as the lab's own user, who reads no folder of the tests.
    const folder = place.kind === "real" ? dirname(place.template) : dir;
    const template = join(folder, "second.yaml");
    const scene = makeScene({ name: "cco-second", template });
    const yaml = readFileSync(place.template, "utf8");
    const trouble = place.kind === "emulated" ? "# emulator: start-hangs\n" : "";
    writeFileSync(template, yaml + trouble);
    const creating = scene.start(["box", "create"]);
    let said = "";
    creating.child.stderr?.on("data", (text: string) => {
      said += text;
    });
    await waitFor(() => said.includes("requirement 1 of") || creating.child.exitCode !== null, {
      timeoutMs: 60_000 * place.slowness,
      what: "the VM to be starting",
    });
    creating.child.kill("SIGINT");
    const { exitCode, stderr } = await creating.ended;
    expect(exitCode, stderr).toBe(130);
    expect(stderr).toContain(`cco: creating the VM cco-second from ${template}\n`);
    expect(scene.limactl("list", "--quiet").text).not.toContain("cco-second");

    writeFileSync(template, yaml);
    await scene.ok(["box", "create"]);
    await scene.ok(["box", "create"]);
    const { sessionId } = await scene.push(scene.plan(commitBlock("a")));
    await scene.ok(["box", "wait", sessionId]);
    const refused = await scene.cco(["box", "destroy"]);
    expect(refused.exitCode).toBe(6);
    expect(refused.stderr).toContain(sessionId);
    scene.limactl("stop", "--tty=false", scene.box);
    const unsure = await scene.cco(["box", "destroy"]);
    expect(unsure.exitCode).toBe(6);
    expect(unsure.stderr).toContain(sessionId);
    await scene.ok(["box", "destroy", "--force"]);
    expect(await scene.json(["box", "status"], 7)).toMatchObject({ status: "missing" });
    expect(scene.limactl("list", "--quiet").text).not.toContain("cco-second");
    rmSync(template);
  });
}
