import { DEFAULT_TIERS } from "@cco/sandbox";
import { DESKTOP_METHODS } from "@cco/workspace";
import * as v from "valibot";

import { kubernetes } from "./schema-kubernetes.js";

const text = (description: string) =>
  v.pipe(v.string(), v.nonEmpty("must not be empty"), v.description(description));

const network = v.pipe(
  v.strictObject({
    policy: v.optional(
      v.pipe(
        v.picklist(["none", "allowlist", "open"]),
        v.description("Default: allowlist; none for agents that need no network."),
      ),
    ),
    allow: v.optional(
      v.pipe(
        v.array(text("example.com, *.example.com, each with an optional :port")),
        v.description("Hosts beside those the agent needs; a loopback 127.0.0.1:PORT literally."),
      ),
    ),
  }),
  v.description("What the guests of this backend may reach."),
);

const container = v.pipe(
  v.strictObject({
    engine: v.optional(v.pipe(v.picklist(["podman", "docker"]), v.description("Default: podman."))),
    name: v.optional(
      v.pipe(
        v.string(),
        v.regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, "must be a-z, 0-9 and inner -"),
        v.description("Name of the box, where one engine has several. Default: cco."),
      ),
    ),
    image: v.optional(
      text("Image that the box is made from. Default: the one that comes with cco."),
    ),
    rootfs: v.optional(text("A root file system (tar) to import instead, where no registry is.")),
    memory: v.optional(text("Most memory of each container: 512m, 4g. Default: 4g.")),
    cpus: v.optional(
      v.pipe(
        v.number(),
        v.minValue(0.01),
        v.description("Processors of each container. Default: all there are."),
      ),
    ),
    pids: v.optional(
      v.pipe(
        v.number(),
        v.integer(),
        v.minValue(16),
        v.description("Most processes of each container. Default: 4096."),
      ),
    ),
    userns: v.optional(text("--userns of each container. Default: the engine's own.")),
    network: v.optional(network),
  }),
  v.description("podman or docker."),
);

const tier = v.optional(
  v.pipe(v.picklist(["block", "warn"]), v.description("block refuses, warn reports.")),
);

const carried = v.strictObject({
  path: text("Its path in the repository."),
  how: v.optional(v.pipe(v.picklist(["copy", "symlink"]), v.description("Default: copy."))),
});

/** What of tier never is stays so. */
const tiers = Object.fromEntries(
  Object.entries(DEFAULT_TIERS)
    .filter(([, byDefault]) => byDefault !== "never")
    .map(([rule]) => [rule, tier]),
);

const words = (description: string) => v.pipe(v.array(v.string()), v.description(description));

const agent = v.pipe(
  v.strictObject({
    env: v.optional(
      words("Variables of cco's own environment that the agent gets, in place of its profile's."),
    ),
    allow: v.optional(words("Hosts the agent itself must reach, in place of its profile's.")),
    resume: v.optional(
      v.pipe(v.boolean(), v.description("Go on by itself after a usage limit. Default: true.")),
    ),
    argv: v.optional(
      v.pipe(
        v.array(v.string()),
        v.minLength(1, "must not be empty"),
        v.description("An agent of your own: what is started. {plan} stands for the plan's path."),
      ),
    ),
    headless: v.optional(words("The same without a terminal. Default: argv.")),
    programs: v.optional(words("Programs it needs beside its first word.")),
    end: v.optional(
      v.pipe(
        v.picklist(["exits", "stays-open"]),
        v.description("stays-open: it writes the line finished to $CCO_TURN. Default: exits."),
      ),
    ),
  }),
  v.description("What an agent gets, or an agent of your own."),
);

/**
 * The configuration of `cco`, all keys optional. This is its one definition: types, checks and
 * the published `schema/config.json` come from it.
 */
export const ConfigSchema = v.pipe(
  v.strictObject({
    $schema: v.optional(text("Where this schema is, for editors.")),
    backend: v.optional(text("What isolates: local, lima, container, kubernetes. Default: local.")),
    agent: v.optional(text("The agent that carries out plans. Default: claude.")),
    plans: v.optional(text("Folder of the plans, from the repository's root.")),
    backends: v.optional(
      v.strictObject({
        local: v.optional(
          v.pipe(
            v.strictObject({ network: v.optional(network) }),
            v.description("The OS sandbox."),
          ),
        ),
        lima: v.optional(
          v.pipe(
            v.strictObject({
              name: v.optional(
                v.pipe(
                  v.string(),
                  v.regex(/^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/, "is no name of a VM"),
                  v.description("The VM's name. Default: cco-sandbox."),
                ),
              ),
              template: v.optional(
                text("YAML to create it from, relative to this file. Default: `cco box template`."),
              ),
              network: v.optional(network),
            }),
            v.description("A Lima VM."),
          ),
        ),
        container: v.optional(container),
        kubernetes: v.optional(kubernetes(network)),
      }),
    ),
    agents: v.optional(
      v.pipe(v.record(v.string(), agent), v.description("Agents by name: claude, codex, …")),
    ),
    workspace: v.optional(
      v.pipe(
        v.strictObject({
          files: v.optional(
            v.pipe(
              v.array(v.union([text("Copied, by its path in the repository."), carried])),
              v.description("Files and folders of the main worktree that new worktrees get too."),
            ),
          ),
          setup: v.optional(
            v.pipe(
              v.nullable(text("Path in the repository.")),
              v.description("Set-up script instead of scripts/init, scripts/setup; null: none."),
            ),
          ),
        }),
        v.description("What cco add gives a new worktree."),
      ),
    ),
    notify: v.optional(
      v.pipe(
        v.strictObject({
          desktop: v.optional(
            v.pipe(
              v.picklist(["off", ...DESKTOP_METHODS]),
              v.description("How messages reach the desktop. Default: off."),
            ),
          ),
        }),
        v.description("Who hears of a finished session, and of cco notify --message."),
      ),
    ),
    intake: v.optional(
      v.pipe(
        v.strictObject({
          tiers: v.optional(
            v.pipe(
              v.strictObject(tiers),
              v.description("Tier of an intake rule instead of its default."),
            ),
          ),
          maxBundleBytes: v.optional(
            v.pipe(
              v.number(),
              v.integer(),
              v.minValue(1),
              v.description("Most bytes of one bundle from a guest. Default: 2000000000."),
            ),
          ),
        }),
        v.description("What is let through of a guest's work."),
      ),
    ),
  }),
  v.title("cco configuration"),
);

/** The user's configuration. */
export type Config = v.InferOutput<typeof ConfigSchema>;

/** What the configuration file of a repository may set; anything else is the user's to say. */
export const REPOSITORY_KEYS = ["$schema", "agent", "plans", "workspace"] as const;
