import type { BackendCheck } from "@cco/backend";

import type { CommandResult, Context } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { checksText } from "../print/checks.js";
import { hostChecks } from "./host-checks.js";

/** `cco doctor`: what is there, what is missing, and the command that mends it. */
export async function doctor(context: Context): Promise<CommandResult> {
  const [backend, runner] = await Promise.all([context.parts.backend(), context.parts.runner()]);
  const [host, box] = await Promise.all([hostChecks(runner), backend.check()]);
  const seen = new Set(host.map(({ name }) => name));
  const checks: BackendCheck[] = [...host, ...box.filter(({ name }) => !seen.has(name))];
  const ok = checks.every((check) => check.ok);
  return {
    json: {
      ok,
      backend: backend.name,
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
