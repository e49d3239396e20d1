import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { addressGroup } from '../security/address-group.ts';
import { clientOf, proxyTrust } from './address.ts';

const trusted = proxyTrust(['10.0.0.0/8', '127.0.0.1', '2001:db8::/32']);
const nobody = proxyTrust([]);
const ask = (address: string | null, headers: Record<string, string> = {}, isTrusted = trusted, encrypted = false) =>
  clientOf({ address, encrypted }, new Headers(headers), isTrusted);
const forwarded = (value: string) => ({ 'X-Forwarded-For': value });

describe('clientOf()', () => {
  test('takes the other end of the connection, an IPv4 address out of its IPv6 clothes', () => {
    expect(ask('::ffff:203.0.113.9').address).toBe('203.0.113.9');
    expect(ask('2001:DB8:0:0:0:0:0:1', {}, nobody).address).toBe('2001:db8::1');
    expect(ask('fe80::1%eth0', {}, nobody).address).toBe('fe80::1');
    expect(ask(null)).toEqual({ address: 'unknown', protocol: 'http', local: false, behindProxy: false });
  });

  test('believes no header of one who is no trusted proxy', () => {
    const client = ask('203.0.113.9', { ...forwarded('127.0.0.1'), 'X-Forwarded-Proto': 'https' });
    expect(client).toEqual({ address: '203.0.113.9', protocol: 'http', local: false, behindProxy: false });
  });

  const table: [string, string, string][] = [
    ['198.51.100.7', '198.51.100.7', 'one entry'],
    ['127.0.0.1, 198.51.100.7', '198.51.100.7', 'a spoofed first entry'],
    ['1.1.1.1, 198.51.100.7, 10.9.9.9', '198.51.100.7', 'a second trusted proxy'],
    ['198.51.100.7:4711', '198.51.100.7', 'a port'],
    ['[2001:1::5]:4711', '2001:1::5', 'brackets'],
    ['::ffff:198.51.100.7', '198.51.100.7', 'IPv4 in IPv6'],
    ['198.51.100.7,', '198.51.100.7', 'an empty entry'],
    ['', '10.0.0.1', 'nothing'],
    ['unknown', '10.0.0.1', 'a word'],
    ['198.51.100.7, garbage', '10.0.0.1', 'garbage last'],
    ['1', '10.0.0.1', 'a bare number'],
    ['0x7f.1', '10.0.0.1', 'hexadecimal'],
    ['10.0.0.2, 10.0.0.3', '10.0.0.2', 'proxies only'],
  ];
  for (const [value, address, what] of table) {
    test(`behind a trusted proxy: ${what}`, () => {
      expect(ask('10.0.0.1', forwarded(value)).address).toBe(address);
    });
  }

  test('takes the protocol from the last word of a trusted proxy, and only a word it knows', () => {
    const proto = (value: string) => ask('10.0.0.1', { 'X-Forwarded-Proto': value }).protocol;
    expect([proto('https'), proto('https, http'), proto('HTTPS'), proto('gopher')]).toEqual([
      'https',
      'http',
      'https',
      'http',
    ]);
    expect(ask('203.0.113.9', {}, nobody, true).protocol).toBe('https');
  });

  test('calls local only who is on this machine and not behind a proxy', () => {
    expect(ask('127.0.0.1', {}, nobody).local).toBe(true);
    expect(ask('::1', {}, nobody).local).toBe(true);
    expect(ask('::ffff:127.0.0.1').local).toBe(true);
    expect(ask('127.0.0.1', forwarded('127.0.0.1')).local).toBe(true);
    for (const name of ['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Real-IP', 'Via']) {
      expect(ask('127.0.0.1', { [name]: '127.0.0.1' }, nobody).local).toBe(false);
    }
    expect(ask('127.0.0.1', { 'X-Forwarded-Proto': 'https' }).local).toBe(false);
    expect(ask('127.0.0.1', forwarded('203.0.113.9')).local).toBe(false);
    expect(ask('127.0.0.1', forwarded('127.0.0.1, garbage')).local).toBe(false);
    expect(ask('10.0.0.1', forwarded('127.0.0.1')).local).toBe(false);
    expect(ask('127.0.0.1', forwarded('127.0.0.1, 10.1.2.3')).local).toBe(false);
    expect(ask(null).local).toBe(false);
  });

  test('never lets the words of a client behind a proxy decide, whatever they are', () => {
    const words = fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: 'binary-ascii' })), { maxLength: 5 });
    fc.assert(
      fc.property(words, (said) => {
        const value = [...said.map((text) => text.replaceAll(/[^\x20-\x7e]/g, '?')), '198.51.100.7'].join(', ');
        const client = ask('127.0.0.1', forwarded(value));
        expect(client.address).toBe('198.51.100.7');
        expect(client.local).toBe(false);
      }),
    );
  });
});

describe('addressGroup()', () => {
  test('counts an IPv6 client by its network, an IPv4 client by its address', () => {
    expect(addressGroup('198.51.100.7')).toBe('198.51.100.7');
    expect(addressGroup('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
    expect(addressGroup('2001:db8:1:2:ffff::1')).toBe('2001:db8:1:2::/64');
    expect(addressGroup('unknown')).toBe('unknown');
  });
});
