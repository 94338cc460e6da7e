import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { TestRepo } from "../support/repo.js";
import { waitFor } from "../support/wait-for.js";
import { Person } from "./person.js";
import { Scene } from "./scene.js";

/** Names of the sessions that clients of the server `cco` are shown. */
const shown = (scene: Scene) => scene.tmux.run("list-clients", "-F", "#{session_name}").split("\n");
const untilShown = (scene: Scene, session: string) =>
  waitFor(() => shown(scene).includes(session), { what: `a client on ${session}` });

describe("attach at a terminal", () => {
  let scene: Scene;
  let person: Person;

  beforeAll(async () => {
    scene = new Scene();
    const other = TestRepo.withCommit({ dir: join(scene.dir, "other"), env: scene.env });
    await scene.ok(["add", "feat/x", "--no-agent"]);
    await scene.ok(["add", "feat/y", "--no-agent"]);
    await scene.ok(["add", "fix", "--no-agent"], { cwd: other.dir });
    person = await Person.at(scene, "terminal");
  });

  it("shows a branch's window until it is left", async () => {
    const ended = person.start("cco attach feat/x");
    await untilShown(scene, "cco-app");
    expect(scene.tmux.run("display-message", "-p", "-t", "=cco-app:", "#{@cco-branch}")).toBe(
      "feat/x",
    );
    await person.sees("feat/x");
    person.key("C-b", "d");
    expect((await ended()).exitCode).toBe(0);
  });

  it("shows the repository's session where no branch is named", async () => {
    const ended = person.start("cco attach");
    await untilShown(scene, "cco-app");
    person.key("C-b", "d");
    expect((await ended()).exitCode).toBe(0);
  });

  it("asks which repository is meant, outside of any", async () => {
    const ended = person.start("cd /; cco attach");
    await person.sees("Which repository?");
    person.key("Down");
    await person.sees("● cco-other");
    person.key("Enter");
    await untilShown(scene, "cco-other");
    person.key("C-b", "d");
    expect((await ended()).exitCode).toBe(0);
  });

  it.each(["C-c", "Escape"])("%s at that question ends it all", async (key) => {
    const ended = person.start("cd /; cco attach");
    await person.sees("Which repository?");
    person.key(key);
    const { exitCode, screen } = await ended();
    expect(exitCode).toBe(130);
    expect(screen).toContain("cco: interrupted");
    expect(scene.tmux.run("list-clients")).toBe("");
    await person.runs(`cd ${scene.repo.dir}`);
  });

  it("add --here opens a window on the branch that is checked out, and shows it", async () => {
    const refused = await person.runs("cco add main");
    expect(refused.exitCode).toBe(6);
    expect(refused.screen).toContain("cco add --here main");
    const ended = person.start("cco add --here main --attach --no-agent");
    await untilShown(scene, "cco-app");
    person.type("pwd");
    await person.sees(scene.repo.dir);
    person.key("C-b", "d");
    expect((await ended()).exitCode).toBe(0);
    expect(await scene.json(["ls"])).toContainEqual(
      expect.objectContaining({ branch: "main", worktree: scene.repo.dir }),
    );
  });

  it("a terminal that tmux cannot use is a failure", async () => {
    const { exitCode, screen } = await person.runs("TERM=dumb cco attach feat/x");
    expect(exitCode).toBe(1);
    expect(screen).toContain("terminal does not support clear");
  });
});

describe("inside the person's own tmux", () => {
  let scene: Scene;
  let person: Person;

  beforeAll(async () => {
    scene = new Scene();
    person = await Person.at(scene, "tmux");
  });

  /** All that a person sees and presses. */
  const ownServer = () =>
    [
      ["list-keys"],
      ["show-options", "-s"],
      ["show-options", "-g"],
      ["show-options", "-g", "-w"],
      ["show-hooks", "-g"],
      ["show-environment", "-g"],
      ["list-sessions", "-F", "#{session_id} #{session_name} #{session_windows}"],
      ["list-windows", "-a", "-F", "#{window_id} #{window_name}"],
      ["list-panes", "-a", "-F", "#{pane_id}"],
      ["show-options", "-t", "=mine:"],
      ["show-options", "-w", "-t", "=mine:"],
    ].map((command) => [command.join(" "), person.tmux.run(...command)]);

  it("that server, its settings and its keys stay as they are, whatever cco does", async () => {
    await person.runs("tmux set -g status-left '[mine]'; tmux setw automatic-rename off");
    const before = ownServer();
    for (const command of [
      "cco add feat/x --no-agent",
      "cco ls",
      "cco attach feat/x",
      "cco notify",
      "cd $(git worktree list | sed -n '2s/ .*//p') && cco notify --message hello",
      "cco doctor",
      "cd -",
      "cco rm feat/x -D",
    ]) {
      const { screen } = await person.runs(command);
      expect(ownServer(), screen).toEqual(before);
    }
    expect(person.tmux.run("list-keys", "-T", "root", "F7")).toContain("display-message mine");
  });

  it("attach says how to get there, and what it says works", async () => {
    await scene.ok(["add", "feat/x", "--no-agent"]);
    const { exitCode, screen } = await person.runs("cco attach feat/x");
    expect(exitCode, screen).toBe(1);
    expect(screen).toContain("inside another tmux server");
    const typed = /TMUX= cco attach .*$/m.exec(screen)?.[0];
    const ended = person.start(typed ?? "false");
    await untilShown(scene, "cco-app");
    person.key("C-b", "d");
    expect((await ended()).exitCode).toBe(0);
  });

  it("add --attach makes all and says the same", async () => {
    const { exitCode, screen } = await person.runs("cco add feat/z --no-agent --attach");
    expect(exitCode).toBe(0);
    expect(screen).toContain("in a terminal outside of tmux: cco attach feat/z");
    expect(screen).toContain("Workspace feat/z: made branch, worktree, window.");
  });

  it("from a window of cco's own, attach shows another one in the same place", async () => {
    await person.runs("unset TMUX TMUX_PANE");
    const ended = person.start("cco attach feat/x");
    await untilShown(scene, "cco-app");
    person.type("PATH=$PATH:" + join(scene.dir, "person-bin") + " cco attach feat/z");
    await waitFor(() => scene.tmux.run("list-clients", "-F", "#{@cco-branch}") === "feat/z", {
      what: "the window of feat/z",
    });
    person.key("C-b", "d");
    expect((await ended()).exitCode).toBe(0);
  });
});

describe("the set-up script, at a terminal", () => {
  it("is shown and asked for, until it is known", async () => {
    const scene = new Scene();
    scene.repo.write({
      "scripts/setup.sh": "#!/bin/sh\n# installs what we need\necho set up >up\n",
    });
    chmodSync(scene.repo.path("scripts/setup.sh"), 0o755);
    scene.repo.git("add", "-A");
    scene.repo.git("commit", "-qm", "setup");
    const person = await Person.at(scene, "terminal");
    const up = (branch: string) =>
      existsSync(join(scene.env["XDG_DATA_HOME"] ?? "", `cco/worktrees/app/app-${branch}/up`));

    const no = person.start("cco add x --no-agent");
    expect(await person.sees("Run scripts/setup.sh of x on this machine?")).toContain(
      "# installs what we need",
    );
    person.key("Enter");
    const skipped = await no();
    expect(skipped.exitCode).toBe(0);
    expect(skipped.screen).toContain("scripts/setup.sh was not run");
    expect(up("x")).toBe(false);

    const yes = person.start("cco add x --no-agent");
    await person.sees("on this machine?");
    person.key("y");
    expect((await yes()).exitCode).toBe(0);
    expect(up("x")).toBe(true);

    const known = await person.runs("cco add y --no-agent");
    expect(known.screen).not.toContain("on this machine?");
    expect(up("y")).toBe(true);
  });

  it("Ctrl-C at the question leaves a workspace that the next call finishes", async () => {
    const scene = new Scene();
    scene.repo.write({ "scripts/init": "#!/bin/sh\necho set up >up\n" });
    chmodSync(scene.repo.path("scripts/init"), 0o755);
    scene.repo.git("add", "-A");
    scene.repo.git("commit", "-qm", "setup");
    const person = await Person.at(scene, "terminal");
    const left = person.start("cco add x --no-agent");
    await person.sees("on this machine?");
    person.key("C-c");
    expect((await left()).exitCode).toBe(130);
    expect(await scene.json(["add", "x", "--no-agent", "--trust-setup"])).toMatchObject({
      setup: "done",
      created: { branch: false, worktree: false, window: true },
    });
  });
});

describe("config edit", () => {
  /** An editor that takes one line of the keyboard for the whole file. */
  const EDITOR = 'IFS= read -r line; printf "%s\\n" "$line" >"$1"';

  it("takes what is right; what is wrong can be gone on with, and is never lost", async () => {
    const scene = new Scene();
    const person = await Person.at(scene, "terminal");
    const editor = join(scene.dir, "my editor");
    writeFileSync(editor, `#!/bin/sh\necho EDITING; cat "$1"\n${EDITOR}\n`);
    chmodSync(editor, 0o755);
    await person.runs(`export EDITOR="'${editor}'"`);
    const file = await scene.ok(["config", "path"]);

    const good = person.start("cco config edit");
    await person.sees("EDITING");
    await person.sees('"backend"');
    person.type('{ "agent": "codex" }');
    expect((await good()).exitCode).toBe(0);
    expect(readFileSync(file, "utf8")).toBe('{ "agent": "codex" }\n');

    const bad = person.start("cco config edit");
    await person.sees('{ "agent": "codex" }');
    person.type('{ "agnet": "codex" }');
    expect(await person.sees("Edit it again?")).toContain('unknown key "agnet"');
    expect(readFileSync(file, "utf8")).toBe('{ "agent": "codex" }\n');
    person.key("n");
    const { exitCode, screen } = await bad();
    expect(exitCode).toBe(2);
    expect(screen).toContain("was left as it was");
    expect(readFileSync(file, "utf8")).toBe('{ "agent": "codex" }\n');

    const again = person.start("cco config edit");
    await person.sees('{ "agnet": "codex" }');
    person.type('{ "agent": ');
    await person.sees("Edit it again?");
    person.key("y");
    await person.sees("│  Yes\nEDITING");
    person.type('{ "agent": "opencode" }');
    expect((await again()).exitCode).toBe(0);
    expect(readFileSync(file, "utf8")).toBe('{ "agent": "opencode" }\n');
    expect(await scene.ok(["config", "get", "agent"], { env: { CCO_AGENT: "" } })).toBe("opencode");
  });
});

describe("a shell in a worktree that goes away", () => {
  it("is left by rm in a folder that exists; cco works where the folder is gone", async () => {
    const scene = new Scene();
    await scene.ok(["add", "x", "--no-agent"]);
    const person = await Person.at(scene, "terminal");
    await person.runs("cd $(git worktree list | sed -n '2s/ .*//p') && mkdir -p deep && cd deep");
    const { exitCode, screen } = await person.runs("cco rm x -d");
    expect(exitCode).toBe(0);
    expect(screen.replaceAll("\n", "")).toContain(`Go on in ${scene.repo.dir}.`);
    expect((await person.runs("ls -a && touch here && rm here")).exitCode).toBe(0);
    // Makes the worktree anew, in the place of the folder that the shell stands in.
    expect((await person.runs(`cco add x --no-agent --repo ${scene.repo.dir}`)).exitCode).toBe(0);

    const gone = await person.runs("cco ls");
    expect(gone.exitCode).toBe(1);
    expect(gone.screen).toContain("the current folder is gone");
    expect(gone.screen).toContain("or name one with --repo");
    expect((await person.runs(`cco ls --repo ${scene.repo.dir}`)).screen).toMatch(/^x +@/m);
    expect((await person.runs("cco notify")).exitCode).toBe(0);
  });
});
