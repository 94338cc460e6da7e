import type { GuestFile, GuestNetwork } from "@cco/backend";

/** What a profile may look at when it makes an argv or files. */
export interface AgentContext {
  readonly sessionId: string;
  readonly plan: {
    /** As programs in the workspace name it, relative to it: `docs/plan.md`. */
    readonly path: string;
    readonly text: string;
  };
  /** Absolute, as programs in the guest see them. */
  readonly paths: { readonly workspace: string; readonly exchange: string; readonly home: string };
  readonly model: string | null;
  readonly maxTurns: number | null;
  /** Somebody can look at its terminal and type; else it must never ask. */
  readonly tty: boolean;
}

/**
 * All the engine knows of an agent: data, and pure functions from a context to data.
 *
 * The engine branches on these fields, never on a name: a new agent is a new profile.
 */
export interface AgentProfile {
  readonly name: string;
  /** Programs, by name or absolute path in the place, that the guest must be able to start. */
  readonly programs: readonly string[];
  /** `exits` at its end, or `stays-open` for questions when its turn is over. */
  readonly end: "exits" | "stays-open";
  /** The default policy and what the agent itself must reach; the user's `allow` comes on top. */
  readonly network: GuestNetwork;
  /** Variables of every program in its guest. Never a secret. */
  readonly env?: Readonly<Record<string, string>>;
  /** What is started, in the guest's workspace. */
  argv(context: AgentContext): readonly string[];
  /**
   * Files put into the guest at prepare (absolute, or relative to its home).
   *
   * Called before anything is made, with `paths` as they will be.
   *
   * @throws {SandboxError} the plan is none that this agent can carry out.
   */
  files?(context: AgentContext): readonly GuestFile[];
}
