import { constants, open } from "node:fs/promises";

import type { CommandRunner } from "@cco/exec";
import type { TmuxClient } from "@cco/tmux";

import type { Environment } from "./paths.js";

/**
 * How a message reaches the desktop.
 *
 * - `notify-send`, `osascript`: the program of Linux desktops, of macOS.
 * - `osc9`, `osc777`: an escape sequence to every terminal that shows cco's tmux server; also
 *   over ssh. Which of the two a terminal knows is in its manual.
 * - `auto`: `osascript` on macOS, `notify-send` where a display is named, else `osc9`.
 */
export type DesktopMethod = (typeof DESKTOP_METHODS)[number];

export const DESKTOP_METHODS = ["auto", "notify-send", "osascript", "osc9", "osc777"] as const;

export interface DesktopMessage {
  readonly title: string;
  readonly text: string;
  readonly method: DesktopMethod;
}

export interface DesktopParts {
  readonly runner: CommandRunner;
  readonly tmux: TmuxClient;
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  readonly withinMs: number;
}

/** Show a message on the desktop. @throws {Error} why it could not be shown. */
export async function showOnDesktop(parts: DesktopParts, message: DesktopMessage): Promise<void> {
  const method = message.method === "auto" ? automatic(parts) : message.method;
  const [title, text] = [printable(message.title), printable(message.text)];
  if (method === "osc9" || method === "osc777") {
    await toTerminals(parts.tmux, escapeSequence(method, title, text));
    return;
  }
  const argv = method === "osascript" ? osascript(title, text) : notifySend(title, text);
  const { exitCode, stderr } = await parts.runner.run(argv, { timeoutMs: parts.withinMs });
  if (exitCode !== 0) throw new Error(`${method} failed: ${stderr.trim() || String(exitCode)}`);
}

function automatic({ env, platform }: DesktopParts): Exclude<DesktopMethod, "auto"> {
  if (platform === "darwin") return "osascript";
  return env["WAYLAND_DISPLAY"] || env["DISPLAY"] ? "notify-send" : "osc9";
}

/** The body may be read as markup. @see https://specifications.freedesktop.org/notification-spec/ */
function notifySend(title: string, text: string): string[] {
  const body = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return ["notify-send", "--app-name=cco", "--", title, body];
}

/** The words are arguments of the script, never part of it. */
function osascript(title: string, text: string): string[] {
  const script = [
    "on run argv",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "end run",
  ];
  return ["osascript", ...script.flatMap((line) => ["-e", line]), title, text];
}

/** OSC 9 is iTerm2's, OSC 777 is urxvt's; many terminals know one of them. */
function escapeSequence(method: "osc9" | "osc777", title: string, text: string): string {
  if (method === "osc9") return `\u001b]9;${title}: ${text}\u0007`;
  return `\u001b]777;notify;${title.replaceAll(";", ",")};${text}\u0007`;
}

/** @throws {Error} no terminal took it. */
async function toTerminals(tmux: TmuxClient, sequence: string): Promise<void> {
  const listed = await tmux.run([["list-clients", "-F", "#{client_tty}"]]);
  const terminals = [...new Set(listed.split("\n"))].filter((path) => path.startsWith("/"));
  const written = await Promise.allSettled(terminals.map((path) => write(path, sequence)));
  if (written.some(({ status }) => status === "fulfilled")) return;
  throw new Error("no terminal shows cco's tmux server");
}

/** Never waits for a terminal that takes nothing, and never becomes its process. */
async function write(path: string, sequence: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
  try {
    await file.write(sequence);
  } finally {
    await file.close();
  }
}

/** One line, without what a terminal would take for commands. */
function printable(text: string): string {
  return text
    .replace(/\s+/gu, " ")
    .replace(/[\p{Cc}\p{Cf}]/gu, "")
    .trim();
}
