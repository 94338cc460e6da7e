/** Every package that was never released stands in a pending changeset, so that a release has notes. */
import getReleasePlan from "@changesets/get-release-plan";

import { packages, report, root } from "./lib.mjs";

const { releases } = await getReleasePlan(root);
const planned = new Set(releases.filter(({ type }) => type !== "none").map(({ name }) => name));

report(
  packages()
    .filter(({ manifest }) => manifest.private !== true && manifest.version === "0.0.0")
    .filter(({ manifest }) => !planned.has(manifest.name))
    .map(({ manifest }) => `${manifest.name}: no changeset (add one with: pnpm changeset)`),
);
