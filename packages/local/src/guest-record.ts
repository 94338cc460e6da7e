import { BackendError, type GuestNetwork, type GuestRelay } from "@cco/backend";

import type { Place, Programs } from "./place.js";

/** All that a later process needs to use a guest: kept as JSON in its control folder. */
export interface GuestRecord {
  readonly version: 1;
  readonly id: string;
  /** `<data>/guests/<id>` in the place. */
  readonly guestDir: string;
  readonly etcDir: string;
  readonly place: Place;
  readonly programs: Programs;
  readonly network: GuestNetwork;
  readonly env: Readonly<Record<string, string>>;
  /** The relay for the agent's key; the key itself is not here. */
  readonly relay?: Pick<GuestRelay, "port" | "target">;
}

/**
 * The record that was written as `json`.
 *
 * @throws {BackendError} `BOX_BROKEN`: it is not one of this version.
 */
export function parseRecord(json: string, id: string): GuestRecord {
  try {
    const record = JSON.parse(json) as Omit<GuestRecord, "version"> & { version: number };
    if (record.version === 1 && record.id === id) return { ...record, version: 1 };
  } catch {
    // Told below.
  }
  throw new BackendError("BOX_BROKEN", `the record of guest ${id} cannot be read`, {
    hint: `remove it: cco box rm --force ${id}`,
  });
}
