/**
 * The network helper of one session: `outside` the sandbox a proxy on a unix socket,
 * `inside` it a bridge from the guest's loopback to that socket. See `index.ts` for the argv.
 */
import { parseArgs } from "node:util";

const OPTIONS = {
  socket: { type: "string" },
  policy: { type: "string" },
  allow: { type: "string", multiple: true },
  "config-key": { type: "string" },
  port: { type: "string" },
  forward: { type: "string", multiple: true },
  "relay-socket": { type: "string" },
  "relay-target": { type: "string" },
  "relay-headers": { type: "string" },
  "relay-port": { type: "string" },
} as const;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const [mode] = positionals;
  const socket = values.socket;
  if (socket === undefined) throw new Error("--socket is missing");
  if (mode === "outside") {
    const { startProxy } = await import("./outside.js");
    const { parseAllowEntry } = await import("./allow.js");
    if (values.policy !== "open" && values.policy !== "allowlist") {
      throw new Error("--policy is open or allowlist");
    }
    // First, so that the file is gone as early as can be, whatever fails after.
    const closeRelay = await relay(values);
    const closeProxy = await startProxy({
      socket,
      policy: { kind: values.policy, entries: (values.allow ?? []).map(parseAllowEntry) },
      ...(values["config-key"] === undefined ? {} : { configKey: values["config-key"] }),
      onRefused: (line) => process.stderr.write(`${line}\n`),
    });
    endWithStdin(async () => {
      await Promise.all([closeProxy(), closeRelay?.()]);
    });
  } else if (mode === "inside") {
    const { startBridge } = await import("./inside.js");
    const relaySocket = values["relay-socket"];
    const relayPort = Number(values["relay-port"]);
    await startBridge({
      socket,
      port: Number(values.port ?? 3128),
      forwards: values.forward ?? [],
      ...(relaySocket === undefined ? {} : { relay: { socket: relaySocket, port: relayPort } }),
    });
  } else {
    throw new Error("usage: cco-net.cjs outside|inside --socket PATH …");
  }
  // Whoever reads this may close its end at once.
  process.stdout.on("error", () => undefined);
  process.stdout.write("ready\n");
}

async function relay(values: {
  "relay-socket"?: string;
  "relay-target"?: string;
  "relay-headers"?: string;
}): Promise<(() => Promise<void>) | undefined> {
  const socket = values["relay-socket"];
  const target = values["relay-target"];
  const file = values["relay-headers"];
  if (file === undefined) return undefined;
  const { startRelay, takeHeaders } = await import("./relay.js");
  const headers = takeHeaders(file);
  if (socket === undefined || target === undefined) throw new Error("the relay lacks an option");
  return startRelay({ socket, target, headers });
}

/** The supervisor holds the other end of stdin: its end is the session's end. */
function endWithStdin(close: () => Promise<void>): void {
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    void close().finally(() => process.exit(0));
  };
  process.stdin.on("error", end).on("end", end).on("close", end).resume();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, end);
}

process.stderr.on("error", () => undefined);
main().catch((error: unknown) => {
  process.stderr.write(`cco-net: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
  process.exit();
});
