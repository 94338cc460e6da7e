import type { BackendCheck, SandboxBackend } from "@cco/backend";
import { CcoError } from "@cco/exec";

import type { CommandResult, Context } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { checksText } from "../print/checks.js";
import { textSetting } from "../config/settings.js";
import { hostChecks } from "./host-checks.js";

/** `cco doctor`: what is there, what is missing, and the command that mends it. */
export async function doctor(context: Context): Promise<CommandResult> {
  const [backend, runner] = await Promise.all([context.parts.backend(), context.parts.runner()]);
  const { host } = context.parts;
  const [here, box] = await Promise.all([
    hostChecks(runner),
    host === null ? backend.check() : farChecks(backend, host),
  ]);
  const seen = new Set(here.map(({ name }) => name));
  const checks: BackendCheck[] = [
    ...here,
    ...box.filter(({ name }) => !seen.has(name)),
    ...(await loginChecks(context)),
  ];
  const ok = checks.every((check) => check.ok);
  return {
    json: {
      ok,
      backend: backend.name,
      host,
      checks: checks.map(({ name, ok: good, detail, fix }) => ({
        name,
        ok: good,
        detail,
        fix: fix ?? null,
      })),
    },
    text: (paint) => checksText(backend.name, checks, paint),
    ids: checks.filter((check) => !check.ok).map(({ name }) => name),
    exitCode: ok ? EXIT.done : EXIT.failed,
  };
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
