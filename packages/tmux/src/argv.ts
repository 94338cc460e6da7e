/** One tmux command: its name, flags and arguments, as tmux shall see them. */
export type TmuxCommand = readonly string[];

/**
 * The arguments that make one tmux call run several commands.
 *
 * tmux takes an argument that ends in `;` as the end of a command and one that ends
 * in `\;` as a literal `;` (measured with 3.3a), so data that ends in `;` gets the
 * backslash that tmux takes off again.
 */
export function joinCommands(commands: readonly TmuxCommand[]): string[] {
  return commands.flatMap((command, index) => {
    const escaped = command.map((argument) =>
      argument.endsWith(";") ? `${argument.slice(0, -1)}\\;` : argument,
    );
    return index === 0 ? escaped : [";", ...escaped];
  });
}

/**
 * The last arguments of `new-session`, `new-window`, `split-window` that start
 * exactly `argv`. A single argument would be read by the user's shell.
 */
export function paneProcess(argv: readonly string[] | undefined): string[] {
  if (argv === undefined || argv.length === 0) return [];
  return argv.length === 1 ? ["--", "sh", "-c", 'exec "$0"', ...argv] : ["--", ...argv];
}

/** `text` for an argument that tmux expands as a format: names, titles, folders. */
export function literal(text: string): string {
  return text.replaceAll("#", "##");
}

/** `-e NAME=value` for each variable. */
export function environmentFlags(env: Readonly<Record<string, string>> | undefined): string[] {
  return Object.entries(env ?? {}).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
}

/** Where an option lives. A target is given as tmux takes it; exact ones: `$1`, `=name:`, `@2`, `%3`. */
export type OptionScope =
  | { readonly session: string }
  | { readonly window: string }
  | { readonly pane: string }
  | "server"
  | "global"
  | "global-window";

/** The flags that select a scope in `set-option` and `show-options`. */
export function scopeFlags(scope: OptionScope): string[] {
  if (scope === "server") return ["-s"];
  if (scope === "global") return ["-g"];
  if (scope === "global-window") return ["-gw"];
  if ("pane" in scope) return ["-p", "-t", scope.pane];
  if ("window" in scope) return ["-w", "-t", scope.window];
  return ["-t", scope.session];
}

/** Options by name; user options begin with `@`. */
export type TmuxOptions = Readonly<Record<string, string>>;

/** One `set-option` for each option. */
export function setOptionCommands(
  scope: OptionScope,
  options: TmuxOptions | undefined,
): TmuxCommand[] {
  return Object.entries(options ?? {}).map(([name, value]) => [
    "set-option",
    ...scopeFlags(scope),
    // A value may begin with a dash; the end of flags has to stand before the name.
    "--",
    name,
    value,
  ]);
}
