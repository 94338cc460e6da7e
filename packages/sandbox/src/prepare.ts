import { writeFile } from "node:fs/promises";

import type { Guest, SandboxBackend, TurnRules } from "@cco/backend";
import { anySignal, quoteArgv } from "@cco/exec";
import { createInputBundle, Refs, snapshotCommit, type InputBundle } from "@cco/git";

import { fromBackend } from "./box.js";
import type { AgentProfile, AgentRun } from "./agents/profile.js";
import { collectArgv } from "./collect.js";
import { putSecrets, secretLines, withSecrets } from "./credentials.js";
import type { Engine } from "./engine.js";
import { SandboxError } from "./errors.js";
import { diskFull, interrupted, isAbort, throwIfInterrupted } from "./failures.js";
import { setUpGuest } from "./guest-setup.js";
import { homeFiles } from "./home-files.js";
import type { PrepareOptions } from "./options.js";
import { checkAll, type Checked } from "./prepare-check.js";
import { RECORD_VERSION, type SessionRecord } from "./record.js";
import { toSession } from "./refresh.js";
import { baseRef } from "./refs.js";
import type { PreparedSession } from "./reports.js";
import { saveOf } from "./saved.js";

export const DEFAULT_DEPTH = 100;

/** {@link Sandbox.prepare}. */
export async function prepare(engine: Engine, options: PrepareOptions): Promise<PreparedSession> {
  const { signal } = options;
  try {
    const checked = await checkAll(engine, options);
    throwIfInterrupted(signal);
    const id = await engine.store.reserve();
    try {
      return await make(engine, options, checked, id);
    } catch (error) {
      await undo(engine, checked, id);
      throw error;
    }
  } catch (error) {
    if (isAbort(error, signal)) throw interrupted(error);
    throw fromBackend(error);
  }
}

async function make(
  engine: Engine,
  options: PrepareOptions,
  checked: Checked,
  id: string,
): Promise<PreparedSession> {
  const { repo, profile, credentials, signal } = { ...checked, signal: options.signal };
  const run: AgentRun = {
    model: options.model ?? null,
    maxTurns: options.maxTurns ?? null,
    tty: options.tty ?? true,
  };
  const base = await baseCommit(engine, options, checked, id);
  const env = { ...profile.env, ...credentials.env };
  // A box may keep it waiting for room: others see it, and why, by then.
  const draft: SessionRecord = {
    version: RECORD_VERSION,
    sessionId: id,
    repo: repo.main,
    branch: checked.branch,
    plan: checked.planPath.startsWith(".cco/plan/") ? checked.plan.file : checked.planPath,
    backend: engine.backend.name,
    agent: profile.name,
    host: engine.host,
    box: engine.backend.box,
    baseCommit: base,
    snapshotOf: base === checked.head ? null : checked.head,
    createdAt: new Date().toISOString(),
    command: "",
    agentArgv: [],
    network: { policy: checked.network.policy, allow: [...checked.network.allow] },
    programs: [...profile.programs],
    env,
    tty: run.tty,
    staysOpen: run.tty && profile.end === "stays-open",
    finishedAt: null,
    usage: null,
    attempt: 1,
    retry: retryOf(options, checked, run),
    loss: null,
    pane: null,
    launchedAt: null,
    cancelledAt: null,
    end: null,
    result: null,
    landing: null,
    left: null,
    pulled: false,
    released: false,
  };
  await engine.store.write(draft);
  if (draft.retry !== null) {
    await writeFile(engine.store.path(id, "plan"), checked.plan.content, { mode: 0o600 });
  }
  const depth = options.depth ?? DEFAULT_DEPTH;
  const where = { backend: engine.backend, id, base, run, depth, attempt: 1, signal };
  const { guest, argv } = await furnish(engine, checked, where);
  const launchArgv = guest.terminal.launchArgv(argv);
  throwIfInterrupted(signal);
  const record = { ...draft, command: quoteArgv(launchArgv), agentArgv: [...argv] };
  await engine.store.write(record);
  engine.prepared.add(id);
  return {
    ...toSession({ record, state: "prepared", lost: null, startedAt: null }),
    launchArgv,
  };
}

function retryOf(
  { retries = 0, depth = DEFAULT_DEPTH }: PrepareOptions,
  { planPath }: Checked,
  { model, maxTurns }: AgentRun,
): SessionRecord["retry"] {
  return retries === 0 ? null : { times: retries, planPath, model, maxTurns, depth };
}

/** A guest to be made. */
export interface Furnish {
  readonly backend: SandboxBackend;
  readonly id: string;
  readonly base: string;
  readonly run: AgentRun;
  readonly depth: number | "full";
  readonly attempt: number;
  readonly signal: AbortSignal | undefined;
}

/** Make a session's guest with all that the agent needs in it. @returns it, and what starts the agent */
export async function furnish(
  engine: Engine,
  checked: Checked,
  where: Furnish,
): Promise<{ readonly guest: Guest; readonly argv: readonly string[] }> {
  const { repo, profile, credentials } = checked;
  const { backend, id, base, run, depth, signal } = where;
  engine.step("bundle", id, `packing ${checked.branch}`);
  const bundleFile = engine.store.path(id, "input.bundle");
  const stop = new AbortController();
  const packing = createInputBundle(repo, {
    tip: base,
    branch: checked.branch,
    depth: depth,
    file: bundleFile,
    signal: anySignal(signal, stop.signal),
  });
  // Both have ended before anything is undone.
  const [opened, bundled] = await Promise.allSettled([
    openGuest(engine, checked, where).catch((error: unknown) => {
      stop.abort();
      throw error;
    }),
    packing,
  ]);
  if (opened.status === "rejected") throw opened.reason;
  if (bundled.status === "rejected") {
    throw diskFull(bundled.reason, bundleFile) ?? bundled.reason;
  }
  const guest = opened.value;
  const bundle = bundled.value;
  throwIfInterrupted(signal);
  const context = {
    ...run,
    sessionId: id,
    plan: { path: checked.planPath, text: checked.plan.text },
    paths: guest.paths,
  };
  const setUp = { ...context, env: { ...profile.env, ...credentials.env, ...credentials.secrets } };
  const home = await homeFiles(profile, setUp, checked.files, checked.ownFiles);
  await send(engine, { ...checked, files: home }, guest, bundle, bundleFile, signal);
  if (backend.promises.keepsSecrets !== true) await putSecrets(guest, credentials);

  return { guest, argv: withSecrets(profile.argv(context), credentials) };
}

/** The commit to send: the branch's, or with changes a snapshot on top of it, kept by a ref. */
async function baseCommit(
  engine: Engine,
  { withChanges, signal }: PrepareOptions,
  { repo, head }: Checked,
  id: string,
): Promise<string> {
  if (withChanges !== true) return head;
  const snapshot = await snapshotCommit(repo, signal === undefined ? {} : { signal });
  if (snapshot === null) return head;
  for (const folder of snapshot.nestedRepositories) {
    engine.note("warning", id, `${folder} is a repository of its own: not sent`);
  }
  await new Refs(repo.git).update(baseRef(id), snapshot.commit, null);
  return snapshot.commit;
}

async function openGuest(
  engine: Engine,
  { profile, network, credentials }: Checked,
  { backend, id, base, run, attempt, signal }: Furnish,
): Promise<Guest> {
  const secrets = backend.promises.keepsSecrets === true ? secretLines(credentials) : "";
  const options = {
    programs: profile.programs,
    network,
    env: { ...profile.env, ...credentials.env },
    afterEnd: await collectArgv("store", base),
    turns: turnRules(profile, run, (argv) => withSecrets(argv, credentials)),
    ...(await saveOf(backend, base, attempt)),
    ...(credentials.relay === undefined ? {} : { relay: credentials.relay }),
    ...(secrets === "" ? {} : { secrets }),
  };
  const onProgress = (line: string): void => engine.step("check-box", id, line);
  try {
    return await backend.openGuest(id, options, { signal, onProgress });
  } catch (error) {
    const known = fromBackend(error);
    if (known instanceof SandboxError && known.code === "AGENT_NOT_FOUND") {
      const install = profile.install === undefined ? undefined : `install it: ${profile.install}`;
      throw new SandboxError("AGENT_NOT_FOUND", `agent ${profile.name}: ${known.message}`, {
        hint: install ?? known.hint,
        cause: error,
      });
    }
    throw known;
  }
}

/** What the supervisor looks for, how it goes on after a usage limit, what its terminal must not know. */
function turnRules(
  { credentials, goOn, resume = true, signs }: AgentProfile,
  run: AgentRun,
  started: (argv: readonly string[]) => readonly string[],
): TurnRules {
  const rules: TurnRules = {
    withoutEnv: credentials?.env ?? [],
    // Without a terminal nothing asks.
    ...(run.tty && signs !== undefined
      ? { dialogPatterns: signs.dialogs, loginPatterns: signs.notLoggedIn }
      : {}),
  };
  if (goOn === undefined || !resume) return rules;
  if (run.tty) return goOn.text === undefined ? rules : { ...rules, text: goOn.text };
  return {
    ...rules,
    again: started(goOn.argv(run)),
    limitPatterns: signs?.usageLimit ?? [],
  };
}

async function send(
  engine: Engine,
  checked: Checked,
  guest: Guest,
  bundle: InputBundle,
  bundleFile: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  engine.step("send", guest.id, `sending ${Math.ceil(bundle.size / 1024)} KiB`);
  await setUpGuest(
    guest,
    {
      bundleFile,
      shallow: bundle.shallow,
      plan: checked.plan.content,
      home: checked.files,
      branch: checked.branch,
      objectFormat: bundle.objectFormat,
      person: checked.person,
      planPath: checked.planPath,
    },
    signal,
  );
}

/** Leave nothing of a session that did not come to be. */
async function undo(engine: Engine, { repo }: Checked, id: string): Promise<void> {
  const refs = new Refs(repo.git);
  const dropBase = async (): Promise<void> => {
    const sha = await refs.read(baseRef(id));
    if (sha !== null) await refs.delete(baseRef(id), sha);
  };
  const steps: (() => Promise<void>)[] = [
    () => engine.backend.closeGuest(id),
    dropBase,
    () => engine.store.remove(id),
  ];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      engine.note("release-failed", id, `left behind: ${String(error)}; \`cco box gc\` removes it`);
    }
  }
}
