import { describe, expect, test } from 'bun:test';
import { secureHeaders, strictPolicy, withCookie, withHeaders } from './headers.ts';

describe('strictPolicy()', () => {
  test('allows nothing but the styles given, and nothing inline', () => {
    expect(strictPolicy([])).not.toContain('style-src');
    const policy = strictPolicy(['a {}', 'b {}']);
    expect(policy.match(/'sha256-[^']+='/g)).toHaveLength(2);
    expect(policy).toStartWith("default-src 'none'; ");
    expect(policy).not.toContain('unsafe');
  });
});

describe('withHeaders()', () => {
  test('changes an answer in place, and copies only what cannot be changed', () => {
    const plain = new Response('x');
    expect(withHeaders(plain, { 'X-One': '1' })).toBe(plain);
    const redirect = Response.redirect('http://127.0.0.1/x', 303);
    const copy = withHeaders(redirect, { 'X-One': '1' });
    expect([copy.status, copy.headers.get('location'), copy.headers.get('x-one')]).toEqual([
      303,
      'http://127.0.0.1/x',
      '1',
    ]);
    expect(withCookie(Response.redirect('http://127.0.0.1/x'), 'a=1').headers.getSetCookie()).toEqual(['a=1']);
  });

  test('leaves caching and policy to a route that has its own, and nothing else', () => {
    const own = new Response('x', {
      headers: {
        'Cache-Control': 'public',
        'Content-Security-Policy': 'sandbox',
        'X-Frame-Options': 'ALLOWALL',
        Vary: 'Accept',
      },
    });
    const { headers } = withHeaders(own, { ...secureHeaders('policy', 'https'), Vary: 'Origin' });
    expect(headers.get('cache-control')).toBe('public');
    expect(headers.get('content-security-policy')).toBe('sandbox');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('vary')).toBe('Accept, Origin');
    expect(headers.get('strict-transport-security')).toStartWith('max-age=');
    expect(secureHeaders('policy', 'http')).not.toHaveProperty('Strict-Transport-Security');
  });
});
