import { join, sep } from "node:path";

import { xdgFolder } from "@cco/exec";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Folders of this package, by the XDG base directory rules. */
export interface WorkspacePaths {
  /** `$XDG_DATA_HOME/cco/worktrees` */
  readonly worktrees: string;
  /** `$XDG_DATA_HOME/cco/trusted-setup`: an empty file for each confirmed script. */
  readonly trusted: string;
  /** `$XDG_CONFIG_HOME/cco/tmux.conf`: the person's additions to cco's own. */
  readonly tmuxConf: string;
}

/** @see https://specifications.freedesktop.org/basedir-spec/latest/ */
export function workspacePaths(env: Environment): WorkspacePaths {
  const data = join(xdgFolder(env, "XDG_DATA_HOME", ".local/share"), "cco");
  return {
    worktrees: join(data, "worktrees"),
    trusted: join(data, "trusted-setup"),
    tmuxConf: join(xdgFolder(env, "XDG_CONFIG_HOME", ".config"), "cco/tmux.conf"),
  };
}

/** Whether `path` is `folder` or lies in it; both absolute and real. */
export function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
