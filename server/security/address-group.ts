import ipaddr from 'ipaddr.js';

/**
 * Returns the part of an address that one person can hardly change: a whole IPv4 address (also when mapped into IPv6),
 * or the /64 network of an IPv6 address. Returns anything that is no address unchanged.
 */
export function addressGroup(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv6) {
    return `${parsed.parts
      .slice(0, 4)
      .map((part) => part.toString(16))
      .join(':')}::/64`;
  }
  return parsed.toString();
}
