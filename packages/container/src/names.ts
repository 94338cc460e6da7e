import { PAIR_CONTROL } from "@cco/backend";

export const GUEST_HOME = "/home/agent";
/** The network helper's socket folder, and its program in the image. */
export const GUEST_NET = "/cco-net";
export const NET_PROGRAM = "/opt/cco/cco-net.cjs";
/** Files for the home of every new guest. */
export const PROVISION = "/provision";

export type Role = "keeper" | "agent" | "net";

/** Names of all that belongs to one guest. */
export interface GuestNames {
  readonly keeper: string;
  readonly agent: string;
  readonly net: string;
  /** Volume by where it is mounted. */
  readonly volumes: Readonly<Record<string, string>>;
  readonly netVolume: string;
}

/** @param box name of the box; what two boxes of one engine have is told apart by it. */
export function guestNames(box: string, id: string): GuestNames {
  const name = (what: string): string => `${box}-${id}-${what}`;
  return {
    keeper: name("keeper"),
    agent: name("agent"),
    net: name("net"),
    volumes: {
      "/workspace": name("workspace"),
      "/exchange": name("exchange"),
      [GUEST_HOME]: name("home"),
      [PAIR_CONTROL]: name("control"),
    },
    netVolume: name("net"),
  };
}

/** The guest's own paths. */
export function guestPaths(id: string) {
  return { workspace: `/workspace/${id}`, exchange: `/exchange/${id}`, home: GUEST_HOME };
}

export const LABEL = {
  box: "cco.box",
  guest: "cco.guest",
  role: "cco.role",
  record: "cco.record",
  turns: "cco.turns",
};
