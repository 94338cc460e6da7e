import type { BackendCheck, BackendStatus } from "@cco/backend";
import { RunError } from "@cco/exec";

import type { BoxImage } from "./box-image.js";
import type { EngineClient } from "./engine-client.js";

/** The engine, as far as it can be asked. */
export type Probed =
  | { readonly kind: "missing" }
  | { readonly kind: "unreachable"; readonly words: string }
  | { readonly kind: "there"; readonly version: string };

/** Ask the engine for its own version, and its service's where it has one. */
export async function probe(client: EngineClient): Promise<Probed> {
  const format = client.engine.name === "docker" ? "{{.Server.Version}}" : "{{.Client.Version}}";
  try {
    const result = await client.ask(["version", "--format", format]);
    if (result.exitCode === 0) return { kind: "there", version: result.stdout.toString().trim() };
    // A shell of another place says so by 127.
    if (result.exitCode === 127) return { kind: "missing" };
    return { kind: "unreachable", words: lastLine(result.stderr) };
  } catch (error) {
    if (error instanceof RunError && error.code === "COMMAND_NOT_FOUND") return { kind: "missing" };
    throw error;
  }
}

export async function statusOf(client: EngineClient, image: BoxImage): Promise<BackendStatus> {
  const probed = await probe(client);
  if (probed.kind === "missing") return "missing";
  if (probed.kind === "unreachable") return "broken";
  return (await image.has(await image.name())) ? "running" : "missing";
}

/** What the box needs, piece by piece. */
export async function checksOf(
  client: EngineClient,
  image: BoxImage,
): Promise<readonly BackendCheck[]> {
  const { name, install, start } = client.engine;
  const probed = await probe(client);
  if (probed.kind === "missing") return [{ name, ok: false, detail: "not found", fix: install }];
  if (probed.kind === "unreachable") return [{ name, ok: false, detail: probed.words, fix: start }];
  const wanted = await image.name();
  const made = await image.has(wanted);
  return [
    { name, ok: true, detail: probed.version },
    made
      ? { name: "image", ok: true, detail: wanted }
      : {
          name: "image",
          ok: false,
          detail: `${wanted} was not made`,
          fix: "cco box create --backend container",
        },
  ];
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "does not answer";
}
