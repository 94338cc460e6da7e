import { CcoError } from "@cco/exec";

export type SshErrorCode =
  /** Not a name that may stand on ssh's command line. */
  | "SSH_HOST_INVALID"
  /** The name cannot be looked up. */
  | "SSH_HOST_UNKNOWN"
  | "SSH_REFUSED"
  /** No answer: no route, or a time limit. */
  | "SSH_UNREACHABLE"
  | "SSH_AUTH_FAILED"
  /** Its host key was never confirmed. */
  | "SSH_HOST_KEY_UNKNOWN"
  | "SSH_HOST_KEY_CHANGED"
  /** The user's own configuration of ssh is at fault. */
  | "SSH_CONFIG_INVALID"
  /** Anything else that ssh said. */
  | "SSH_FAILED";

/** The machine cannot be used by ssh. Nothing was run there. */
export class SshError extends CcoError<SshErrorCode> {
  override readonly name = "SshError";
}

interface Kind {
  readonly code: SshErrorCode;
  /** What OpenSSH 7 to 10 print, in the C locale. */
  readonly words: RegExp;
  readonly message: (host: string) => string;
  readonly hint: (host: string) => string;
}

/** The first that fits. */
const KINDS: readonly Kind[] = [
  {
    code: "SSH_HOST_KEY_CHANGED",
    words: /REMOTE HOST IDENTIFICATION HAS CHANGED|host key .* has changed/i,
    message: (host) => `${host} has another host key than before: it may be another machine`,
    hint: (host) =>
      `if you know why, forget the old key (\`ssh-keygen -R\` and the name or address), then \`ssh ${host}\``,
  },
  {
    code: "SSH_HOST_KEY_UNKNOWN",
    words: /Host key verification failed|host key is known for/i,
    message: (host) => `the host key of ${host} was never confirmed`,
    hint: (host) => `connect once by hand and compare it: ssh ${host}`,
  },
  {
    code: "SSH_HOST_UNKNOWN",
    words: /Could not resolve hostname|Name or service not known|nodename nor servname/i,
    message: (host) => `no such machine: ${host}`,
    hint: () => "check the name, or give it a `Host` entry in ~/.ssh/config",
  },
  {
    code: "SSH_AUTH_FAILED",
    words: /Permission denied|Too many authentication failures|No more authentication methods/i,
    message: (host) => `${host} does not let you in`,
    hint: (host) =>
      `load your key (\`ssh-add\`) or send it there (\`ssh-copy-id ${host}\`), then try: ssh ${host} true`,
  },
  {
    code: "SSH_REFUSED",
    words: /Connection refused/i,
    message: (host) => `${host} refuses connections by ssh`,
    hint: (host) =>
      `start sshd there, or name its port in ~/.ssh/config; then try: ssh ${host} true`,
  },
  {
    code: "SSH_UNREACHABLE",
    words: /timed out|No route to host|Network is unreachable|Host is down/i,
    message: (host) => `${host} does not answer`,
    hint: (host) => `is it on, and the network between? try: ssh ${host} true`,
  },
  {
    code: "SSH_CONFIG_INVALID",
    words: /Bad configuration option|Bad owner or permissions on|bad configuration options/i,
    message: () => "your configuration of ssh has an error",
    hint: (host) => `see what ssh says: ssh -G ${host}`,
  },
];

/** The error for what ssh printed when it could not connect to `host`. */
export function connectError(host: string, printed: string): SshError {
  const words = lastLine(printed);
  const kind = KINDS.find((candidate) => candidate.words.test(printed));
  if (kind === undefined) {
    const what = words === "" ? "ssh could not connect, and did not say why" : words;
    return new SshError("SSH_FAILED", `${host}: ${what}`, { hint: `try: ssh ${host} true` });
  }
  const { code, message, hint } = kind;
  const said = words === "" ? "" : ` (${words})`;
  return new SshError(code, `${message(host)}${said}`, { hint: hint(host) });
}

/** No answer came in time. */
export function noAnswer(host: string, limitMs: number): SshError {
  return new SshError("SSH_UNREACHABLE", `${host} did not answer within ${limitMs / 1000} s`, {
    hint: `is it on, and the network between? try: ssh ${host} true`,
  });
}

function lastLine(printed: string): string {
  const lines = printed.split("\n").map((line) => line.replaceAll(/[^\x20-\x7e]/g, "").trim());
  return lines.findLast((line) => line !== "") ?? "";
}
