/**
 * Which package of the workspace may import which: ARCHITECTURE.md's table as data.
 *
 * The linter forbids every other import, the package check every other dependency.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const arrows = {
  exec: [],
  tmux: ["exec"],
  git: ["exec"],
  backend: ["exec"],
  local: ["backend", "exec"],
  lima: ["backend", "exec"],
  kubernetes: ["backend", "exec"],
  ssh: ["exec"],
  container: ["backend", "exec"],
  sandbox: ["backend", "git", "exec"],
  workspace: ["git", "tmux", "exec"],
  cli: [
    "backend",
    "container",
    "exec",
    "git",
    "kubernetes",
    "lima",
    "local",
    "sandbox",
    "ssh",
    "tmux",
    "workspace",
  ],
};
