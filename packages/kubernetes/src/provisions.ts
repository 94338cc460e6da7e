import { createHash } from "node:crypto";

import { BackendError, putFile, type Guest, type GuestFile } from "@cco/backend";

import type { Cluster } from "./api/cluster.js";
import { isStatus } from "./api/errors.js";
import { MANAGED_BY, MANAGER, OWNER } from "./names.js";
import { HOME } from "./pod-spec.js";
import type { Settings } from "./settings.js";

interface Secret {
  readonly data?: Readonly<Record<string, string>>;
}

/** Files for the home of every new guest, kept in a Secret: one key for each. */
export class Provisions {
  readonly #cluster: Cluster;
  readonly #settings: Settings;

  constructor(cluster: Cluster, settings: Settings) {
    this.#cluster = cluster;
    this.#settings = settings;
  }

  async put(files: readonly GuestFile[]): Promise<void> {
    const { namespace, owner } = this.#settings;
    const data = Object.fromEntries(
      files.map(({ path, content, mode }) => [
        keyOf(homePath(path)),
        Buffer.from(
          JSON.stringify({ mode: mode ?? 0o644, content: Buffer.from(content).toString("base64") }),
        ).toString("base64"),
      ]),
    );
    const metadata = { name: this.#name(), labels: { [MANAGED_BY]: MANAGER, [OWNER]: owner } };
    const path = `/api/v1/namespaces/${namespace}/secrets`;
    try {
      await this.#cluster.call("PATCH", `${path}/${metadata.name}`, {
        body: { data },
        contentType: "application/merge-patch+json",
      });
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
      const body = { apiVersion: "v1", kind: "Secret", metadata, data };
      await this.#cluster.call("POST", path, { body });
    }
  }

  async remove(): Promise<void> {
    const { namespace } = this.#settings;
    try {
      await this.#cluster.call("DELETE", `/api/v1/namespaces/${namespace}/secrets/${this.#name()}`);
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
    }
  }

  async into(guest: Guest): Promise<void> {
    for (const [key, encoded] of Object.entries(await this.#read())) {
      const path = `${HOME}/${Buffer.from(key, "hex").toString("utf8")}`;
      const file = JSON.parse(Buffer.from(encoded, "base64").toString("utf8")) as {
        mode: number;
        content: string;
      };
      await putFile(guest, path, Buffer.from(file.content, "base64"), file.mode);
    }
  }

  async #read(): Promise<Readonly<Record<string, string>>> {
    const path = `/api/v1/namespaces/${this.#settings.namespace}/secrets/${this.#name()}`;
    try {
      return (await this.#cluster.call<Secret>("GET", path)).data ?? {};
    } catch (error) {
      if (isStatus(error, 404) || isStatus(error, 403)) return {};
      throw error;
    }
  }

  #name(): string {
    return homeName(this.#settings.owner);
  }
}

/** A name may not hold what a label may: two owners that differ only there get two names. */
export function homeName(owner: string): string {
  if (/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(owner)) return `cco-home-${owner}`;
  return `cco-home-${createHash("sha256").update(owner).digest("hex").slice(0, 16)}`;
}

/** A path as a Secret's key, which takes letters, digits, `-`, `_` and `.` only. */
function keyOf(path: string): string {
  return Buffer.from(path).toString("hex");
}

function homePath(path: string): string {
  const relative = path.startsWith(`${HOME}/`) ? path.slice(HOME.length + 1) : path;
  if (!relative.startsWith("/") && !relative.split("/").includes("..")) return relative;
  throw new BackendError("BACKEND_FAILED", `a pod has no ${path} of its own`, {
    hint: `provision files under ${HOME}`,
  });
}
