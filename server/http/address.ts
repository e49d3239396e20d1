import ipaddr from 'ipaddr.js';

/** Who is at the other end of a request, as far as the connection and trusted proxies say. */
export interface Client {
  /** IPv4 or IPv6 in its shortest form; `unknown` for a connection that has none. */
  address: string;
  /** How the client itself speaks, before any proxy. */
  protocol: 'http' | 'https';
  /** On this very machine, and not through a proxy nobody named. */
  local: boolean;
  /** The connection comes from a proxy whose headers count. */
  behindProxy: boolean;
}

/** What the connection itself says of its other end. */
export interface Peer {
  /** Null when the connection is closed already, or has no address. */
  address: string | null;
  encrypted: boolean;
}

/** A client that sends one of these without being a trusted proxy stands behind a proxy nobody named. */
const FORWARDING = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via'];

/** Makes the question "is this a trusted proxy?" of TRUSTED_PROXIES: addresses and networks, checked by the configuration. */
export function proxyTrust(proxies: readonly string[]): (address: string) => boolean {
  const networks = proxies.map((text) => {
    if (text.includes('/')) return ipaddr.parseCIDR(text);
    const one = ipaddr.process(text);
    return [one, one.kind() === 'ipv4' ? 32 : 128] as [typeof one, number];
  });
  return function isTrusted(address) {
    const asked = parse(address);
    return asked !== null && networks.some(([base, bits]) => base.kind() === asked.kind() && asked.match(base, bits));
  };
}

/**
 * Tells the client of a request. Without a trusted proxy it is the connection's other end, whatever the headers say. Behind one it is the
 * last entry of `X-Forwarded-For` that is not itself a trusted proxy: earlier ones are the client's own words. Never throws.
 */
export function clientOf(peer: Peer, headers: Headers, isTrusted: (address: string) => boolean): Client {
  const own = peer.encrypted ? 'https' : 'http';
  const near = peer.address === null ? null : normalAddress(peer.address);
  if (near === null || !isTrusted(near)) {
    const local = near !== null && isLoopback(near) && !FORWARDING.some((name) => headers.has(name));
    return { address: near ?? 'unknown', protocol: own, local, behindProxy: false };
  }
  const { address, hops, clear } = walkBack(near, headers.get('x-forwarded-for'), isTrusted);
  const claimed = headers.get('x-forwarded-proto')?.split(',').at(-1)?.trim().toLowerCase();
  const direct = hops === 1 || (hops === 0 && !FORWARDING.some((name) => headers.has(name)));
  return {
    address,
    protocol: claimed === 'http' || claimed === 'https' ? claimed : own,
    local: clear && direct && isLoopback(near) && isLoopback(address),
    behindProxy: true,
  };
}

/** Whether a host name or address means the very machine that asks. */
export function isOwnName(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || isLoopback(hostname.replace(/^\[|\]$/g, ''));
}

function walkBack(near: string, forwarded: string | null, isTrusted: (address: string) => boolean) {
  let address = near;
  let hops = 0;
  for (const entry of (forwarded ?? '').split(',').reverse()) {
    if (entry.trim() === '') continue;
    const next = normalAddress(entry);
    // What stands before an entry that is no address was said by nobody we know.
    if (next === null) return { address, hops, clear: false };
    address = next;
    hops += 1;
    if (!isTrusted(next)) break;
  }
  return { address, hops, clear: true };
}

/** Without port, brackets and zone; an IPv4 address in IPv6 clothes as IPv4. Null when it is no address. */
function normalAddress(text: string): string | null {
  const bare = text
    .trim()
    .replace(/^\[([^\]]*)\](?::\d{1,5})?$/, '$1')
    .replace(/^([\d.]+):\d{1,5}$/, '$1');
  return parse(bare.replace(/%.*$/s, ''))?.toString() ?? null;
}

function parse(text: string) {
  // The library also reads `1` and `0x7f.1` as addresses; nobody sends those in good faith.
  const readable = ipaddr.IPv4.isValidFourPartDecimal(text) || (text.includes(':') && ipaddr.IPv6.isValid(text));
  return readable ? ipaddr.process(text) : null;
}

function isLoopback(address: string): boolean {
  return parse(address)?.range() === 'loopback';
}
