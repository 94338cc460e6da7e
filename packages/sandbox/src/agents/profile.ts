import type { GuestFile, GuestNetwork } from "@cco/backend";

import type { AgentStream } from "./stream.js";

export interface AgentPlan {
  /** As programs in the workspace name it, relative to it: `docs/plan.md`. */
  readonly path: string;
  readonly text: string;
}

/** What the person chose for a run. */
export interface AgentRun {
  readonly model: string | null;
  readonly maxTurns: number | null;
  /** Somebody can look at its terminal and type; else it must never ask. */
  readonly tty: boolean;
}

/** What a profile may look at when it makes an argv. */
export interface AgentContext extends AgentRun {
  readonly sessionId: string;
  readonly plan: AgentPlan;
  /** Absolute, as programs in the guest see them. */
  readonly paths: { readonly workspace: string; readonly exchange: string; readonly home: string };
}

/** What a profile may look at when it makes its files. */
export interface AgentSetUp extends AgentContext {
  /** The agent's variables as its guest has them: where a relay adds the key, a placeholder. */
  readonly env: Readonly<Record<string, string>>;
}

/** How an agent logs in. */
export interface AgentCredentials {
  /** Variables that are taken from cco's own environment, and only these. The user may name others. */
  readonly env: readonly string[];
  /** Of these one must be set. */
  readonly keys: readonly string[];
  /** Files of the user's guest files that are a login too. */
  readonly files: readonly string[];
  /** How its key can stay outside the guest. */
  readonly relay?: {
    /** Port of the guest's loopback where it finds the API. */
    readonly port: number;
    /** The API, and the variable by which the user names another. */
    readonly target: string;
    readonly targetVariable: string;
    /** In which header each key goes, and what the guest has in its place. */
    readonly keys: Readonly<
      Record<
        string,
        { readonly header: string; readonly prefix: string; readonly placeholder: string }
      >
    >;
    /** Path of the API below the relay, as `targetVariable` in the guest has it. Default none. */
    readonly path?: string;
  };
}

/**
 * How its output looks, in extended regular expressions that are also JavaScript's. What matches is a
 * claim of the guest; it explains an end and excuses none.
 */
export interface AgentSigns {
  /** A usage limit. */
  readonly usageLimit: readonly string[];
  /** It could not log in, or asks for a login. */
  readonly notLoggedIn: readonly string[];
  /**
   * A question on its screen, one space between words, before its first turn, that only a person
   * answers. `notLoggedIn` is looked for there too.
   */
  readonly dialogs: readonly string[];
  /** It did nothing, and may have exited with 0. */
  readonly failed: readonly string[];
}

/**
 * All the engine knows of an agent: data, and pure functions from data to data.
 *
 * The engine branches on these fields, never on a name: a new agent is a new profile.
 */
export interface AgentProfile {
  readonly name: string;
  /** Programs, by name or absolute path in the place, that the guest must be able to start. */
  readonly programs: readonly string[];
  /** What a person does where the first of `programs` is missing. */
  readonly install?: string;
  /** `exits` at its end, or in a terminal `stays-open` for questions when its turn is over. */
  readonly end: "exits" | "stays-open";
  /** The default policy, and what the agent itself must reach; the user's `allow` comes on top. */
  readonly network: GuestNetwork;
  /** Variables of every program in its guest. Never a secret. */
  readonly env?: Readonly<Record<string, string>>;
  readonly credentials?: AgentCredentials;
  readonly signs?: AgentSigns;
  /** What a run without a terminal prints, where that is not text. */
  readonly stream?: AgentStream;
  /** How it goes on when a usage limit is over. */
  readonly goOn?: {
    /** Typed into its terminal, where it does not go on by itself. */
    readonly text?: string;
    /** Started in place of a run without a terminal that exited. */
    argv(run: AgentRun): readonly string[];
  };
  /** Go on by itself after a usage limit. Default `true`. */
  readonly resume?: boolean;
  /** What is started, in the guest's workspace. */
  argv(context: AgentContext): readonly string[];
  /**
   * Files for the guest that come from the plan, their paths relative to its home. Called before
   * anything is made.
   *
   * @throws {SandboxError} the plan is none that this agent can carry out.
   */
  files?(plan: AgentPlan): Promise<readonly GuestFile[]>;
  /** Other files for the guest, their paths relative to its home. */
  setUp?(context: AgentSetUp): Promise<readonly GuestFile[]>;
}
