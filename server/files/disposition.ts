/**
 * Returns a `Content-Disposition` that makes a browser save the file under this name (RFC 6266, RFC 8187). Old clients
 * get plain ASCII, with the exact name beside it where it differs. No name can end the header or add another.
 */
export function attachment(name: string): string {
  const whole = name.toWellFormed();
  const plain = whole.replace(/[^\x20-\x7e]|["\\%/]/g, '_');
  if (plain === whole) return `attachment; filename="${plain}"`;
  const exact = encodeURIComponent(whole).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
}
