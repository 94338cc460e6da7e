import { domainToASCII } from "node:url";

import { CcoError } from "@cco/exec";
import ipaddr from "ipaddr.js";

/** An entry of `allow` that cannot be understood. */
export class AllowEntryError extends CcoError<"BAD_ALLOW_ENTRY"> {
  override readonly name = "AllowEntryError";

  constructor(entry: string, why: string) {
    super("BAD_ALLOW_ENTRY", `network.allow: ${JSON.stringify(entry)} ${why}`, {
      hint: "write example.com, *.example.com, either with :port, or 127.0.0.1:4010",
    });
  }
}

/** Ports of an entry that names none. */
export const DEFAULT_PORTS: readonly number[] = [80, 443];

/** One entry of `allow`, understood. Names are lower-case ASCII, addresses in their shortest form. */
export type AllowEntry =
  | { readonly kind: "name"; readonly name: string; readonly ports: readonly number[] }
  /** `*.name`: every name below it, not itself. */
  | { readonly kind: "below"; readonly name: string; readonly ports: readonly number[] }
  /** A literal address; it opens exactly this, whatever kind of address it is. */
  | { readonly kind: "address"; readonly address: string; readonly ports: readonly number[] }
  /** `localhost:port`: the two loopback addresses. */
  | { readonly kind: "localhost"; readonly ports: readonly number[] };

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const SPLIT = /^(?<host>\[[^\]]*\]|[^:]*)(?::(?<port>\d{1,5}))?$/;

/**
 * Understand one entry: `example.com`, `*.example.com`, an address, `localhost`, each with
 * an optional `:port`. Without a port, 80 and 443 are meant; a loopback entry must name one.
 *
 * @throws {AllowEntryError} it is none of these.
 */
export function parseAllowEntry(entry: string): AllowEntry {
  const { host, port } = SPLIT.exec(entry)?.groups ?? {};
  if (host === undefined || host === "")
    throw new AllowEntryError(entry, "is not host or host:port");
  const ports = port === undefined ? DEFAULT_PORTS : [checkedPort(entry, port)];

  if (host.toLowerCase() === "localhost") {
    if (port === undefined)
      throw new AllowEntryError(entry, "names the host itself and needs a port");
    return { kind: "localhost", ports };
  }
  const address = literalAddress(host);
  if (address !== null) {
    if (port === undefined && ipaddr.parse(address).range() === "loopback") {
      throw new AllowEntryError(entry, "names the host itself and needs a port");
    }
    return { kind: "address", address, ports };
  }
  const below = host.startsWith("*.");
  const name = asciiName(below ? host.slice(2) : host);
  if (name === null) throw new AllowEntryError(entry, "is not a host name");
  return { kind: below ? "below" : "name", name, ports };
}

/** Entries of `allow` that mean a loopback port of the host, as `host:port`. */
export function loopbackForwards(allow: readonly string[]): readonly string[] {
  return allow.filter((text) => isLoopbackEntry(parseAllowEntry(text)));
}

function isLoopbackEntry(entry: AllowEntry): boolean {
  if (entry.kind === "localhost") return true;
  return entry.kind === "address" && ipaddr.parse(entry.address).range() === "loopback";
}

/** `text` as an address in its shortest form, without brackets; `null` when it is no literal in dotted or colon form. */
export function literalAddress(text: string): string | null {
  const bracketed = text.startsWith("[") && text.endsWith("]");
  const bare = bracketed ? text.slice(1, -1) : text;
  if (bare.includes("%")) return null;
  if (bracketed ? !ipaddr.IPv6.isValid(bare) : !ipaddr.IPv4.isValidFourPartDecimal(bare)) {
    return null;
  }
  return ipaddr.parse(bare).toString();
}

/** A lower-case ASCII host name without its final dot; `null` when it is not one. */
export function asciiName(text: string): string | null {
  // What comes after one of these is no part of a host, and would silently be cut off.
  if (/[\s/\\?#@%:[\]]/.test(text)) return null;
  const plain = text.endsWith(".") ? text.slice(0, -1) : text;
  const ascii = domainToASCII(plain).toLowerCase();
  const labels = ascii.split(".");
  const numeric = /^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "");
  if (ascii.length > 253 || numeric || !labels.every((label) => LABEL.test(label))) return null;
  return ascii;
}

function checkedPort(entry: string, text: string): number {
  const port = Number(text);
  if (port < 1 || port > 65_535) throw new AllowEntryError(entry, "has no port from 1 to 65535");
  return port;
}
