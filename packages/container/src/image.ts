import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

import { GUEST_HOME, GUEST_NET, NET_PROGRAM, PROVISION } from "./names.js";

/**
 * The image that ships with cco, for a box without one of its own: Node with git, tmux and Claude
 * Code. Built by `box create`, which needs a registry for it.
 */
export const CONTAINERFILE = `FROM docker.io/library/node:22-bookworm-slim
RUN apt-get update \\
 && apt-get install --yes --no-install-recommends \\
      ca-certificates curl git less openssh-client procps python3 ripgrep tmux \\
 && rm -rf /var/lib/apt/lists/* \\
 && npm install --global @anthropic-ai/claude-code
`;

/** Programs that an image must have. */
const NEEDED = [
  ...["sh", "awk", "base64", "cat", "cp", "env", "git", "grep", "gzip", "head", "mkfifo"],
  ...["sed", "sleep", "tail", "tar", "timeout", "tmux"],
] as const;

/** Bytes of one line; docker's builder takes 65,535. */
const LINE = 30_000;

/**
 * What a box adds to an image: a user, the folders that volumes are put over, and the
 * network helper. Podman and docker both give a new volume the owner of the folder under it.
 *
 * @param base the image.
 * @param helper the network helper's program, where it was built.
 */
export function boxRecipe(base: string, helper: Uint8Array | null): string {
  const folders = ["/workspace", "/exchange", GUEST_HOME, "/cco", GUEST_NET, PROVISION].join(" ");
  return `FROM ${base}
USER 0
RUN for program in ${NEEDED.join(" ")}; do \\
      command -v "$program" >/dev/null || { echo "cco: the image has no $program" >&2; exit 1; }; \\
    done \\
 && { grep -q '^[^:]*:[^:]*:[^:]*:1000:' /etc/group || echo 'agent:x:1000:' >>/etc/group; } \\
 && { grep -q '^[^:]*:[^:]*:1000:' /etc/passwd || \\
      echo 'agent:x:1000:1000:agent:${GUEST_HOME}:/bin/sh' >>/etc/passwd; } \\
 && mkdir -p ${folders} && chown 1000:1000 ${folders} && chmod 700 ${folders}
${helper === null ? "" : program(helper)}USER 1000:1000
ENTRYPOINT []
`;
}

function program(helper: Uint8Array): string {
  const text = gzipSync(helper, { level: 9 }).toString("base64");
  const parts = Array.from({ length: Math.ceil(text.length / LINE) }, (_, index) =>
    text.slice(index * LINE, (index + 1) * LINE),
  );
  return `RUN mkdir -p ${NET_PROGRAM.replace(/\/[^/]*$/, "")} && printf %s \\
${parts.map((part) => `    ${part} \\\n`).join("")}    | base64 -d | gzip -d >${NET_PROGRAM}
`;
}

/** Name of a box's image: another box or recipe, another name. What is the same in two is kept once. */
export function boxImage(box: string, recipe: string): string {
  return `localhost/cco-box:${hash(`${box}\n${recipe}`)}`;
}

/** Name of the image that {@link CONTAINERFILE} makes, or a root file system imported from `path`. */
export function baseImage(from: { readonly rootfs: string } | "containerfile"): string {
  return from === "containerfile"
    ? `localhost/cco-base:${hash(CONTAINERFILE)}`
    : `localhost/cco-rootfs:${hash(from.rootfs)}`;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
