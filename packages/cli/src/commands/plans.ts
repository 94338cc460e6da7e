import { isAbsolute, resolve } from "node:path";

import { readPlan, SandboxError } from "@cco/sandbox";

import { textSetting, type Settings } from "../config/settings.js";
import type { Context } from "../context.js";

/** Each plan as an absolute path. All are looked at before the first is sent. */
export async function checkedPlans(
  context: Context,
  plans: readonly string[],
): Promise<readonly string[]> {
  return Promise.all(
    plans.map(async (plan) => {
      try {
        return (await readPlan(context.cwd, plan)).file;
      } catch (error) {
        const elsewhere = await inPlansFolder(context, plan, error);
        if (elsewhere === undefined) throw error;
        return elsewhere;
      }
    }),
  );
}

/** The plan in the folder that the setting `plans` names, where the current folder has none. */
async function inPlansFolder(
  context: Context,
  plan: string,
  error: unknown,
): Promise<string | undefined> {
  const missing = error instanceof SandboxError && error.code === "PLAN_NOT_FOUND";
  if (!missing || isAbsolute(plan)) return undefined;
  const repo = await context.parts.repo().catch(() => undefined);
  if (repo === undefined) return undefined;
  const settings: Settings = await context.parts.settings(repo);
  const folder = textSetting(settings, "plans");
  if (folder === undefined) return undefined;
  try {
    return (await readPlan(resolve(repo.root, folder), plan)).file;
  } catch {
    return undefined;
  }
}
