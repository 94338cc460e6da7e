import type { BackendCheck, SandboxBackend } from "@cco/backend";
import { CcoError } from "@cco/exec";

import { BACKENDS } from "../backends.js";
import type { CommandResult, Context } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { textSetting } from "../config/settings.js";
import { doctorText, type BackendReport } from "../print/doctor.js";
import { hostChecks } from "./host-checks.js";
import { findLeftovers } from "./leftovers.js";

/** `cco doctor`: what is there, what is missing or left over, and the command that mends it. */
export async function doctor(context: Context): Promise<CommandResult> {
  const { host } = context.parts;
  const backend = await context.parts.backend();
  const [here, backends, { leftovers, unknown }] = await Promise.all([
    context.parts.runner().then(hostChecks),
    Promise.all(BACKENDS.map((name) => backendReport(context, name))),
    // Another machine's are for a doctor there.
    host === null ? findLeftovers(context) : { leftovers: [], unknown: [] },
  ]);
  const seen = new Set(here.map(({ name }) => name));
  const box = backends.find(({ name }) => name === backend.name)?.checks ?? [];
  const checks = [
    ...here,
    ...box.filter(({ name }) => !seen.has(name)),
    ...(await loginChecks(context)),
  ];
  const ok = checks.every((check) => check.ok);
  const others = backends.filter(({ name }) => name !== backend.name);
  return {
    json: {
      ok,
      backend: backend.name,
      host,
      checks: checks.map(publicCheck),
      backends: backends.map((one) => ({ ...one, checks: one.checks.map(publicCheck) })),
      leftovers,
      unknown,
    },
    text: (paint) =>
      doctorText({ backend: backend.name, checks, others, leftovers, unknown }, paint),
    ids: checks.filter((check) => !check.ok).map(({ name }) => name),
    exitCode: ok ? EXIT.done : EXIT.failed,
  };
}

async function backendReport(context: Context, name: string): Promise<BackendReport> {
  const { host } = context.parts;
  const backend = await context.parts.backend(name);
  const checks = await (host === null ? backend.check() : farChecks(backend, host));
  return { name, ready: checks.every(({ ok }) => ok), checks };
}

function publicCheck({ name, ok, detail, fix }: BackendCheck) {
  return { name, ok, detail, fix: fix ?? null };
}

/** What the box needs on another machine; first of all, a way there. */
async function farChecks(backend: SandboxBackend, host: string): Promise<readonly BackendCheck[]> {
  const name = `ssh to ${host}`;
  try {
    const checks = await backend.check();
    return [
      { name, ok: true, detail: "works" },
      ...checks.map((check) => ({
        ...check,
        name: `${check.name} on ${host}`,
        ...(check.fix?.startsWith("sudo ") === true ? { fix: `ssh -t ${host} ${check.fix}` } : {}),
      })),
    ];
  } catch (error) {
    if (!isOfSsh(error)) throw error;
    const { message, hint } = error;
    return [{ name, ok: false, detail: message, ...(hint === undefined ? {} : { fix: hint }) }];
  }
}

function isOfSsh(error: unknown): error is CcoError {
  return error instanceof CcoError && String(error.code).startsWith("SSH_");
}

/** How the agent of new sessions would log in. Without a way the box can work all the same. */
async function loginChecks(context: Context): Promise<readonly BackendCheck[]> {
  const [settings, sandbox] = await Promise.all([
    context.parts.settings(undefined),
    context.parts.sandbox(),
  ]);
  const found = await sandbox.login(textSetting(settings, "agent") ?? "claude");
  if (found === undefined) return [];
  const { agent, by, ways } = found;
  const detail = by === null ? `none found: set ${ways.join(" or ")}` : `by ${by}`;
  return [{ name: `login of ${agent}`, ok: true, detail }];
}
