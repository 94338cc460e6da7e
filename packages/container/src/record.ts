import { BackendError, type GuestNetwork } from "@cco/backend";

/** What a guest was made with: a label of its keeper. */
export interface GuestRecord {
  readonly version: 1;
  readonly id: string;
  readonly image: string;
  readonly network: GuestNetwork;
  readonly env: Readonly<Record<string, string>>;
  /** Its agent tells of its turns. */
  readonly turns: boolean;
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
