import ipaddr from 'ipaddr.js';

/** The client of a request, according to the connection and trusted proxies. */
export interface Client {
  /** IPv4 or IPv6 in its shortest form; `unknown` for a connection that has none. */
  address: string;
  /** Protocol of the client itself, before any proxy. */
  protocol: 'http' | 'https';
  /** True for a client on this machine that is not behind an unnamed proxy. */
  local: boolean;
  /** True when the connection comes from a proxy whose headers count. */
  behindProxy: boolean;
}

/** The other end of the connection itself. */
export interface Peer {
  /** Null when the connection is closed already, or has no address. */
  address: string | null;
  encrypted: boolean;
}

/** Headers that betray an unnamed proxy when no trusted proxy sent them. */
const FORWARDING = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via'];

/** Creates the test for trusted proxies from TRUSTED_PROXIES: addresses and networks, checked by the configuration. */
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
 * Returns the client of a request: without a trusted proxy the connection's other end, whatever the headers say. Behind
 * one it is the last entry of `X-Forwarded-For` that is no trusted proxy, because earlier ones are the client's own
 * words. Never throws.
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

/** Returns whether a host name or address means this machine. */
export function isOwnName(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || isLoopback(hostname.replace(/^\[|\]$/g, ''));
}

function walkBack(near: string, forwarded: string | null, isTrusted: (address: string) => boolean) {
  let address = near;
  let hops = 0;
  for (const entry of (forwarded ?? '').split(',').reverse()) {
    if (entry.trim() === '') continue;
    const next = normalAddress(entry);
    // Entries before one that is no address come from an unknown source.
    if (next === null) return { address, hops, clear: false };
    address = next;
    hops += 1;
    if (!isTrusted(next)) break;
  }
  return { address, hops, clear: true };
}

/**
 * Removes port, brackets and zone, and turns IPv4 mapped into IPv6 into IPv4; returns null for anything that is no
 * address.
 */
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
