import ipaddr from 'ipaddr.js';

/**
 * The part of an address that one person can hardly change: an IPv4 address whole (also when mapped into IPv6), the /64
 * network of an IPv6 address. What is no address comes back as it is.
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
