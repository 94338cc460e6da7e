import { randomBytes } from "node:crypto";

import type { CommandRunner, RunOptions } from "@cco/exec";

import {
  environmentFlags,
  literal,
  paneProcess,
  scopeFlags,
  setOptionCommands,
  type OptionScope,
  type TmuxCommand,
  type TmuxOptions,
} from "./argv.js";
import { TmuxError, tmuxFailed } from "./errors.js";
import { recordFormat } from "./formats.js";
import {
  PANE_VARIABLES,
  SESSION_VARIABLES,
  WINDOW_VARIABLES,
  parsePanes,
  parseSessions,
  parseWindows,
  type PaneInfo,
  type SessionInfo,
  type WindowInfo,
} from "./info.js";
import { TmuxServer, type TmuxClientOptions } from "./server.js";
import { MINIMUM_TMUX, isAtLeast, parseVersion, type TmuxVersion } from "./version.js";

/** What a new session, window or pane begins with. */
export interface PaneStart {
  /** Program and arguments of the pane. Default: the user's shell. About 16,000 bytes at most. */
  readonly argv?: readonly string[];
  /** Working directory. Default: tmux's own rules. */
  readonly cwd?: string;
  /** Variables added to the pane's environment. Visible to others on the machine: no secrets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Options of the new pane. */
  readonly paneOptions?: TmuxOptions;
}

export interface NewSessionOptions extends PaneStart {
  /** Without `.`, `:`, `$`, `\` and control characters, which tmux would write otherwise. */
  readonly name: string;
  /** Name of its first window. Default: tmux names it after what runs. */
  readonly windowName?: string;
  /** Columns and rows until a client attaches. Default: tmux's, 80 × 24. */
  readonly size?: { readonly columns: number; readonly rows: number };
  readonly sessionOptions?: TmuxOptions;
  readonly windowOptions?: TmuxOptions;
}

export interface NewWindowOptions extends PaneStart {
  /** Exact session: its id (`$1`) or `=name`. */
  readonly session: string;
  readonly name?: string;
  readonly windowOptions?: TmuxOptions;
}

export interface SplitOptions extends PaneStart {
  /** Window whose current pane is split: its id (`@1`). */
  readonly window: string;
  /** Default `even-horizontal`. */
  readonly layout?: string;
  /** The new pane's title, for people: programs in the pane change it too. */
  readonly title?: string;
  /** Keep the pane, with its last content, after its program ended. Default `true`. */
  readonly remainOnExit?: boolean;
}

export interface CaptureOptions {
  /** First line: 0 is the top of the screen, negative is history, `-` the start of it. */
  readonly start?: number | "-";
  /** Last line. Default: the bottom of the screen. */
  readonly end?: number | "-";
  /** Keep colours and attributes as escape sequences. Default `false`. */
  readonly escapes?: boolean;
  /** Join lines that tmux wrapped. Default `false`. */
  readonly join?: boolean;
}

/**
 * One tmux server. Each method is one tmux call; nothing is cached.
 *
 * A target is passed as the caller gives it, and tmux matches a bare name by its
 * beginning. Exact ones are ids (`$1`, `@2`, `%3`), `=name` where a session is asked
 * for, and `=name:` where a window or pane could be meant as well.
 */
export class TmuxClient {
  readonly #server: TmuxServer;

  constructor(runner: CommandRunner, options: TmuxClientOptions = {}) {
    this.#server = new TmuxServer(runner, options);
  }

  /**
   * Split a window in two columns without leaving the current pane.
   *
   * @returns the new pane's id.
   * @throws {TmuxError} `split-window failed: …`
   */
  async splitWindow(session: string, window: string): Promise<string> {
    const target = `${session}:${window}`;
    return this.#text([["split-window", "-h", "-t", target, "-d", "-P", "-F", "#{pane_id}"]]);
  }

  /** Arrange a window's panes, e.g. `even-horizontal`. */
  async selectLayout(session: string, window: string, layout: string): Promise<void> {
    await this.#server.run([["select-layout", "-t", `${session}:${window}`, layout]]);
  }

  /** Set a pane's title, for people: programs in the pane change it too. */
  async setPaneTitle(paneId: string, title: string): Promise<void> {
    await this.#server.run([["select-pane", "-t", paneId, "-T", literal(title)]]);
  }

  /** Type `text` and Enter. A text that is a key's name (`Enter`, `C-c`) is that key. */
  async sendKeysToPane(paneId: string, text: string): Promise<void> {
    await this.#server.run([["send-keys", "-t", paneId, text, "C-m"]]);
  }

  /**
   * The first pane of a session with exactly this title.
   *
   * @throws {TmuxError} `NOT_FOUND`: `pane with title "…" not found`
   */
  async findPaneByTitle(session: string, title: string): Promise<string> {
    const format = "#{pane_id} #{pane_title}";
    const output = await this.#text([["list-panes", "-s", "-t", session, "-F", format]]);
    const line = output.split("\n").find((each) => each.slice(each.indexOf(" ") + 1) === title);
    if (line?.includes(" ")) return line.slice(0, line.indexOf(" "));
    throw new TmuxError("NOT_FOUND", `pane with title ${JSON.stringify(title)} not found`);
  }

  async killPane(paneId: string): Promise<void> {
    await this.#server.run([["kill-pane", "-t", paneId]]);
  }

  /** Start a detached session. It starts the server where none runs. @throws {TmuxError} `SESSION_EXISTS` */
  async newSession(
    options: NewSessionOptions,
  ): Promise<{ sessionId: string; windowId: string; paneId: string }> {
    const { name, windowName, size, sessionOptions, windowOptions } = options;
    const target = `=${name}:`;
    const output = await this.#text([
      [
        ...["new-session", "-d", "-s", literal(name)],
        ...(windowName === undefined ? [] : ["-n", literal(windowName)]),
        ...(size === undefined ? [] : ["-x", String(size.columns), "-y", String(size.rows)]),
        ...startFlags(options),
        ...["-P", "-F", "#{session_id} #{window_id} #{pane_id}"],
        ...paneProcess(options.argv),
      ],
      ...setOptionCommands({ session: target }, sessionOptions),
      ...setOptionCommands({ window: target }, windowOptions),
      ...setOptionCommands({ pane: target }, options.paneOptions),
    ]);
    const [sessionId = "", windowId = "", paneId = ""] = output.split(" ");
    return { sessionId, windowId, paneId };
  }

  /** Whether a session has exactly this name; `false` too when no server runs. */
  async hasSession(name: string): Promise<boolean> {
    const absent = ["NO_SERVER", "NOT_FOUND"] as const;
    return (await this.#server.runOr([["has-session", "-t", `=${name}`]], absent, null)) !== null;
  }

  /**
   * Kill the session with exactly this name, with all its windows.
   *
   * @returns `false` when there was no such session.
   */
  async killSession(name: string): Promise<boolean> {
    const absent = ["NO_SERVER", "NOT_FOUND"] as const;
    return (await this.#server.runOr([["kill-session", "-t", `=${name}`]], absent, null)) !== null;
  }

  /** All sessions with the user options named (`@cco-repo`); none when no server runs. */
  async listSessions(options: readonly string[] = []): Promise<readonly SessionInfo[]> {
    const format = recordFormat([...SESSION_VARIABLES, ...options]);
    const command = ["list-sessions", "-F", format];
    return parseSessions(await this.#list(command), options);
  }

  /**
   * The windows of a session (`$1`, `=name`), or of the whole server: then none when
   * no server runs. A window option that is not set shows the session's of that name.
   *
   * @throws {TmuxError} `NOT_FOUND`: no such session.
   */
  async listWindows(
    session: string | null,
    options: readonly string[] = [],
  ): Promise<readonly WindowInfo[]> {
    const format = recordFormat([...WINDOW_VARIABLES, ...options]);
    const command = ["list-windows", ...(session === null ? ["-a"] : ["-t", session])];
    return parseWindows(await this.#list([...command, "-F", format], session), options);
  }

  /**
   * The panes of a session (`$1`, `=name:`), or of the whole server: then none when no
   * server runs.
   */
  async listPanes(
    session: string | null,
    options: readonly string[] = [],
  ): Promise<readonly PaneInfo[]> {
    const format = recordFormat([...PANE_VARIABLES, ...options]);
    const command = ["list-panes", ...(session === null ? ["-a"] : ["-s", "-t", session])];
    return parsePanes(await this.#list([...command, "-F", format], session), options);
  }

  /** The first pane of the server whose user option has exactly this value, or `null`. */
  async findPaneByOption(option: string, value: string): Promise<string | null> {
    const panes = await this.listPanes(null, [option]);
    return panes.find((pane) => pane.options[option] === value)?.paneId ?? null;
  }

  /** Make a window after the session's last one, without going there. */
  async newWindow(options: NewWindowOptions): Promise<{ windowId: string; paneId: string }> {
    const last = `${options.session}:{end}`;
    const output = await this.#text([
      [
        ...["new-window", "-d", "-a", "-t", last],
        ...(options.name === undefined ? [] : ["-n", literal(options.name)]),
        ...startFlags(options),
        ...["-P", "-F", "#{window_id} #{pane_id}"],
        ...paneProcess(options.argv),
      ],
      ...setOptionCommands({ window: last }, options.windowOptions),
      ...setOptionCommands({ pane: last }, options.paneOptions),
    ]);
    const [windowId = "", paneId = ""] = output.split(" ");
    return { windowId, paneId };
  }

  /** @returns `false` when there was no such window. */
  async killWindow(windowId: string): Promise<boolean> {
    const absent = ["NO_SERVER", "NOT_FOUND"] as const;
    return (await this.#server.runOr([["kill-window", "-t", windowId]], absent, null)) !== null;
  }

  async renameWindow(windowId: string, name: string): Promise<void> {
    await this.#server.run([["rename-window", "-t", windowId, "--", literal(name)]]);
  }

  async selectWindow(windowId: string): Promise<void> {
    await this.#server.run([["select-window", "-t", windowId]]);
  }

  /**
   * Split a window, start a program in the new pane, set its options and even the
   * layout, all in one call and without leaving the current pane.
   *
   * @returns the new pane's id.
   * @throws {TmuxError} `NO_SPACE`, `NOT_FOUND`
   */
  async splitAndRun(options: SplitOptions): Promise<string> {
    const { window, layout = "even-horizontal", title, remainOnExit = true } = options;
    // Between the split and `last-pane` the window means its new pane. (`window.+`, the pane after
    // the current one, does not: tmux counts from the caller's window, wherever that is.)
    return this.#text([
      [
        ...["split-window", "-h", "-t", window],
        ...startFlags(options),
        ...["-P", "-F", "#{pane_id}"],
        ...paneProcess(options.argv),
      ],
      ...setOptionCommands(
        { pane: window },
        { ...(remainOnExit ? { "remain-on-exit": "on" } : {}), ...options.paneOptions },
      ),
      ...(title === undefined ? [] : [["select-pane", "-t", window, "-T", literal(title)]]),
      ["last-pane", "-t", window],
      ["select-layout", "-t", window, layout],
    ]);
  }

  /** Set an option; user options (`@name`) are made on the way. */
  async setOption(scope: OptionScope, name: string, value: string): Promise<void> {
    await this.#server.run(setOptionCommands(scope, { [name]: value }));
  }

  async unsetOption(scope: OptionScope, name: string): Promise<void> {
    await this.#server.run([["set-option", "-u", ...scopeFlags(scope), "--", name]]);
  }

  /** An option's value in this scope, or `null` where it is not set. @throws {TmuxError} `NOT_FOUND`: no such target. */
  async showOption(scope: OptionScope, name: string): Promise<string | null> {
    const command = ["show-options", ...scopeFlags(scope), "-v", "--", name];
    const result = await this.#server.ask([command]);
    // Without -q an unset user option is refused so, while a missing target is named.
    if (result.exitCode !== 0 && /^invalid option/m.test(result.stderr)) return null;
    if (result.exitCode !== 0) throw tmuxFailed("show-options", result);
    return result.stdout.toString("utf8").replace(/\n$/, "");
  }

  /** Make a client show another session or window: the calling one unless named. */
  async switchClient(target: string, client?: string): Promise<void> {
    const from = client === undefined ? [] : ["-c", client];
    await this.#server.run([["switch-client", ...from, "-t", target]]);
  }

  /** The argv, for the host, that attaches a terminal to a session or window. */
  attachArgv(target: string): readonly string[] {
    return this.#server.hostArgv("attach-session", "-t", target);
  }

  /** Read a configuration file. `quiet`: one that is not there is fine. */
  async sourceFile(path: string, options: { quiet?: boolean } = {}): Promise<void> {
    await this.#server.run([["source-file", ...(options.quiet ? ["-q"] : []), "--", path]]);
  }

  /**
   * Put `text` to a pane as one paste (bracketed where its program asked for that),
   * then Enter.
   *
   * @param options.enter default `true`.
   */
  async pasteText(paneId: string, text: string, options: { enter?: boolean } = {}): Promise<void> {
    const buffer = `cco-${randomBytes(8).toString("hex")}`;
    const enter = options.enter === false ? [] : [["send-keys", "-t", paneId, "Enter"]];
    // tmux makes no buffer of nothing.
    if (text === "") {
      if (enter.length > 0) await this.#server.run(enter);
      return;
    }
    const paste: TmuxCommand[] = [
      ["load-buffer", "-b", buffer, "-"],
      ["paste-buffer", "-p", "-d", "-b", buffer, "-t", paneId],
      ...enter,
    ];
    try {
      await this.#server.run(paste, { stdin: text });
    } catch (error) {
      // What could not be pasted would stay in the server for all to read.
      await this.#server.ask([["delete-buffer", "-b", buffer]]).catch(() => undefined);
      throw error;
    }
  }

  /** A pane's screen, or part of its history, as text. */
  async capturePane(paneId: string, options: CaptureOptions = {}): Promise<string> {
    const { start, end, escapes = false, join = false } = options;
    const output = await this.#server.run([
      [
        ...["capture-pane", "-p", "-t", paneId],
        ...(start === undefined ? [] : ["-S", String(start)]),
        ...(end === undefined ? [] : ["-E", String(end)]),
        ...(escapes ? ["-e"] : []),
        ...(join ? ["-J"] : []),
      ],
    ]);
    return output.toString("utf8");
  }

  /** The version of the tmux program. @throws {TmuxError} `TMUX_MISSING` */
  async version(): Promise<TmuxVersion> {
    const output = await this.#server.run([["-V"]]);
    return parseVersion(output.toString("utf8"));
  }

  /** @throws {TmuxError} `TMUX_MISSING`, `TMUX_TOO_OLD` */
  async requireVersion(minimum: string = MINIMUM_TMUX): Promise<TmuxVersion> {
    const version = await this.version();
    if (isAtLeast(version, minimum)) return version;
    throw new TmuxError("TMUX_TOO_OLD", `tmux ${version.text} is too old`, {
      hint: `install tmux ${minimum} or newer`,
    });
  }

  /** End the server and all that runs in it. @returns `false` when none ran. */
  async killServer(): Promise<boolean> {
    return (await this.#server.runOr([["kill-server"]], ["NO_SERVER"], null)) !== null;
  }

  /**
   * Block until `channel` is signalled, also if that happened before. It returns when
   * the server ends, too: look at what you waited for.
   */
  async waitFor(channel: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    const signal = options.signal === undefined ? {} : { signal: options.signal };
    await this.#server.run([["wait-for", "--", channel]], { ...signal, timeoutMs: undefined });
  }

  /** Wake who waits for `channel`, or the next one who will. */
  async signalChannel(channel: string): Promise<void> {
    await this.#server.run([["wait-for", "-S", "--", channel]]);
  }

  /**
   * Run any tmux commands in one call; arguments reach tmux exactly as given.
   *
   * @returns what they printed.
   */
  async run(commands: readonly TmuxCommand[], options: RunOptions = {}): Promise<string> {
    return (await this.#server.run(commands, options)).toString("utf8");
  }

  /** The argv, for the host with a terminal, of any tmux command on this server. */
  hostArgv(command: TmuxCommand): readonly string[] {
    return this.#server.hostArgv(...command);
  }

  async #text(commands: readonly TmuxCommand[]): Promise<string> {
    return (await this.#server.run(commands)).toString("utf8").replace(/\n$/, "");
  }

  async #list(command: TmuxCommand, session: string | null = null): Promise<Buffer> {
    if (session !== null) return this.#server.run([command]);
    return this.#server.runOr([command], ["NO_SERVER"], Buffer.alloc(0));
  }
}

function startFlags(start: PaneStart): string[] {
  return [
    ...(start.cwd === undefined ? [] : ["-c", literal(start.cwd)]),
    ...environmentFlags(start.env),
  ];
}
