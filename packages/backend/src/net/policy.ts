import ipaddr from "ipaddr.js";

import { asciiName, literalAddress, type AllowEntry } from "./allow.js";

/** What one session may reach. Pure data: nothing here looks anything up. */
export interface Policy {
  readonly kind: "allowlist" | "open";
  readonly entries: readonly AllowEntry[];
  /** Addresses of this machine's own interfaces, as the system writes them. */
  readonly ownAddresses: readonly string[];
}

/** A request's host, read the one way that a resolver could read it. */
export type Target =
  | { readonly kind: "name"; readonly host: string }
  | { readonly kind: "address"; readonly host: string };

export type AddressClass =
  | "a loopback address"
  | "an unspecified address"
  | "a link-local address"
  | "a multicast address"
  | "a broadcast address"
  | "a cloud metadata address"
  | "an address of the host itself"
  | "a private address";

export type Decision =
  /** Connect to one of exactly these. */
  | { readonly allowed: true; readonly addresses: readonly string[] }
  | { readonly allowed: false; readonly reason: "not-listed" }
  | { readonly allowed: false; readonly reason: "address"; readonly found: AddressClass };

const LOOPBACK = ["127.0.0.1", "::1"];

/** Metadata services outside 169.254.0.0/16 and fe80::/10 (Azure, Alibaba, Oracle, AWS and GCP by IPv6). */
const METADATA = [
  "168.63.129.16",
  "100.100.100.200",
  "192.0.0.192",
  "fd00:ec2::254",
  "fd20:ce::254",
];

/**
 * The host of a request target. Decimal, octal and hexadecimal IPv4 become the
 * address they stand for, IPv4 inside IPv6 becomes IPv4, names lose case and final dot.
 *
 * @returns `null` for what no honest client sends: user names, zones, percent signs,
 *   characters outside ASCII, empty labels.
 */
export function readTarget(host: string): Target | null {
  if (!/^(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)$/.test(host)) return null;
  if (!URL.canParse(`http://${host}/`)) return null;
  const { hostname } = new URL(`http://${host}/`);
  const literal = literalAddress(hostname);
  if (literal !== null) return { kind: "address", host: ipaddr.process(literal).toString() };
  const name = asciiName(hostname);
  return name === null ? null : { kind: "name", host: name };
}

/** `localhost` and everything below it (RFC 6761). */
export function isLocalName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost");
}

/**
 * Whether a name may be looked up at all. A lookup of an unlisted name would itself
 * carry data out, to whoever answers for that name.
 */
export function mayResolve(target: Target, port: number, policy: Policy): boolean {
  if (target.kind === "address" || isLocalName(target.host)) return false;
  return policy.kind === "open" || isListed(target.host, port, policy);
}

/**
 * Whether a session may connect to `target` at `port`.
 *
 * @param resolved the addresses of a name, all of them; not looked at for an address or a
 *   local name, which mean themselves.
 */
export function decide(
  target: Target,
  port: number,
  resolved: readonly string[],
  policy: Policy,
): Decision {
  const listed = target.kind === "name" && isListed(target.host, port, policy);
  const local = target.kind === "name" && isLocalName(target.host);
  const candidates = local ? LOOPBACK : target.kind === "address" ? [target.host] : resolved;
  const literal = candidates.filter((address) => isLiteral(address, port, policy));
  const named = target.kind === "name" && !local;

  if (policy.kind === "allowlist" && !listed) {
    // A local name and a literal are what they say; another name's addresses are its owner's choice.
    if (!named && literal.length > 0) return { allowed: true, addresses: literal };
    return { allowed: false, reason: "not-listed" };
  }
  let found: AddressClass = "a private address";
  const addresses = candidates.filter((address) => {
    if (literal.includes(address)) return true;
    const reason = refusedClass(address, policy, listed);
    if (reason !== null) found = reason;
    return reason === null;
  });
  return addresses.length > 0
    ? { allowed: true, addresses }
    : { allowed: false, reason: "address", found };
}

function isListed(name: string, port: number, policy: Policy): boolean {
  return policy.entries.some((entry) => {
    if (!entry.ports.includes(port)) return false;
    if (entry.kind === "name") return entry.name === name;
    return entry.kind === "below" && name.endsWith(`.${entry.name}`);
  });
}

function isLiteral(address: string, port: number, policy: Policy): boolean {
  const plain = normal(address);
  return policy.entries.some((entry) => {
    if (!entry.ports.includes(port)) return false;
    if (entry.kind === "localhost") return LOOPBACK.includes(plain);
    return entry.kind === "address" && normal(entry.address) === plain;
  });
}

/** @param listed the name stands in `allow`: its private addresses are meant. */
function refusedClass(address: string, policy: Policy, listed: boolean): AddressClass | null {
  const own = new Set(policy.ownAddresses.map(normal));
  for (const form of formsOf(address)) {
    if (own.has(form)) return "an address of the host itself";
    if (METADATA.includes(form)) return "a cloud metadata address";
    const range: string = ipaddr.parse(form).range();
    const hard = HARD[range];
    if (hard !== undefined) return hard;
    if (!listed && !PUBLIC.has(range)) return "a private address";
  }
  return null;
}

const HARD: Readonly<Record<string, AddressClass>> = {
  loopback: "a loopback address",
  unspecified: "an unspecified address",
  linkLocal: "a link-local address",
  multicast: "a multicast address",
  broadcast: "a broadcast address",
};

/** `rfc6052` and `6to4` carry an IPv4 address, which is judged beside them. */
const PUBLIC = new Set(["unicast", "rfc6052", "6to4"]);

/** An address, and the IPv4 address that it carries, if any: what the network may deliver it to. */
function formsOf(address: string): readonly string[] {
  const plain = normal(address);
  const parsed = ipaddr.parse(plain);
  if (parsed.kind() === "ipv4") return [plain];
  const bytes = parsed.toByteArray();
  const inner = (at: number): string => bytes.slice(at, at + 4).join(".");
  const range: string = parsed.range();
  if (range === "rfc6052" || range === "rfc6145") return [plain, inner(12)];
  if (range === "6to4") return [plain, inner(2)];
  const compatible = bytes.slice(0, 12).every((byte) => byte === 0);
  return compatible && range === "unicast" ? [plain, inner(12)] : [plain];
}

/** One spelling for one address; a zone is no part of it. */
function normal(address: string): string {
  return ipaddr.process(address.replace(/%.*$/, "")).toString();
}
