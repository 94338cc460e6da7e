import { userInfo } from "node:os";
import { isAbsolute, join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** The home folder: `HOME` where it is an absolute path, else what the system has for the user. */
export function homeFolder(env: Environment): string {
  const home = env["HOME"];
  if (home !== undefined && isAbsolute(home)) return home;
  try {
    return userInfo().homedir;
  } catch {
    // A user id without an account, as in some containers.
    return "/";
  }
}

/**
 * A base folder of the XDG specification; a relative variable is ignored, as it says.
 *
 * @param byDefault below the home folder.
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function xdgFolder(env: Environment, variable: string, byDefault: string): string {
  const configured = env[variable];
  if (configured !== undefined && isAbsolute(configured)) return configured;
  return join(homeFolder(env), byDefault);
}
