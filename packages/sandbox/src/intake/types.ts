import type { Git, Repo } from "@cco/git";

import type { Finding, FindingTier } from "../session.js";

/** Sizes above which a guest's bundle is refused (`too-big`) or remarked on (`huge-blob`). */
export interface IntakeLimits {
  /** Bytes of the bundle file. Default 2,000,000,000. */
  readonly maxBundleBytes: number;
  /** Bytes of all sent objects together, unpacked. Default 1 GiB. */
  readonly maxUnpackedBytes: number;
  /** Sent objects. Default 1,000,000. */
  readonly maxObjects: number;
  /** Changed files, summed over the new commits and the result. Default 1,000,000. */
  readonly maxChanges: number;
  /** Bytes of one path. Default 4,000. */
  readonly maxPathLength: number;
  /** Folders above one file. Default 200. */
  readonly maxTreeDepth: number;
  /** Bytes of one file that are worth a remark. Default 50 MiB. */
  readonly hugeBlobBytes: number;
}

/** A secret that the guest was given and that must not come back in its commits. */
export interface ProvisionedSecret {
  /** What messages call it (`ANTHROPIC_API_KEY`); the value is never shown. */
  readonly name: string;
  /** Values shorter than 8 characters are not looked for. */
  readonly value: string;
}

export interface IntakeRequest {
  /** The host's repository: any worktree of it. */
  readonly repo: Repo;
  readonly sessionId: string;
  /** The pushed commit (with `--with-changes`: the snapshot commit). */
  readonly base: string;
  /** Branch the session was pushed from; a head of this name is the agent's own. */
  readonly branch: string;
  /** The host-only copy of what the guest sent. Never read through a path the guest can change. */
  readonly bundleFile: string;
  /** `salvage`: findings are reported and refuse nothing (tier `never` still does). */
  readonly kind: "result" | "salvage";
  /** Rules that the person lets through this once (`--allow`). Default none. */
  readonly allow?: readonly string[] | undefined;
  /** Tiers from the user's own config. A rule of tier `never` keeps it. */
  readonly tiers?: Readonly<Record<string, FindingTier>> | undefined;
  readonly limits?: { readonly [Name in keyof IntakeLimits]?: number | undefined } | undefined;
  /** Commits of this session taken in before (the result's tip, for its salvage). Default none. */
  readonly known?: readonly string[] | undefined;
  readonly secrets?: readonly ProvisionedSecret[] | undefined;
  /**
   * The session's ref is not moved, and this goes beside it: `differing` where the ref holds another
   * commit, `always` where it holds none too. Default `never`.
   */
  readonly aside?: "never" | "differing" | "always" | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Only check and report: nothing is moved into the host's store, no ref is
   * written, and findings of tier `block` do not throw. Default false.
   */
  readonly dryRun?: boolean;
  /**
   * Called once everything of tier `never` has passed, with git in the quarantine, where
   * what was sent can be read and nothing of it is in the host's store yet.
   */
  readonly inspect?: (git: Git, tip: string | null) => Promise<void>;
}

/** A branch that the agent made beside its own. */
export interface IntakeHead {
  /** Branch name as the guest wrote it, without `refs/heads/`. */
  readonly name: string;
  readonly sha: string;
  /** `refs/cco/heads/<id>/<n>` */
  readonly ref: string;
}

export interface IntakeReport {
  /** The guest's HEAD; `null` when the bundle has none (no new commit on it). */
  readonly tip: string | null;
  /** Commits of `tip` that the pushed commit does not have. */
  readonly commits: number;
  /** `tip` does not descend from the pushed commit: it is kept, and does not fast-forward. */
  readonly rewritten: boolean;
  readonly heads: readonly IntakeHead[];
  /** Where the tip went that was put beside the session's ref (`refs/cco/heads/<id>/<n>`). */
  readonly aside: string | null;
  /** Tags are never taken in. */
  readonly droppedTags: readonly string[];
  /** What was seen and let through: tiers `warn`, and `block` where allowed or salvage. */
  readonly findings: readonly Finding[];
  /** Refs that this intake wrote. */
  readonly refs: readonly string[];
}
