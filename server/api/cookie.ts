import { serialize } from 'hono/utils/cookie';

/** The cookie that holds a browser's session. The `__Host-` form is bound to this very host and to https. */
export function sessionCookieName(secure: boolean): '__Host-palace_session' | 'palace_session' {
  return secure ? '__Host-palace_session' : 'palace_session';
}

/** The `Set-Cookie` line that hands a session to a browser: out of reach of scripts and of other sites' pages. */
export function sessionCookie(sessionId: string, expiresAt: Date, secure: boolean): string {
  return cookie(sessionId, expiresAt, secure);
}

/** The line that takes it away again. */
export function noSessionCookie(secure: boolean): string {
  return cookie('', new Date(0), secure);
}

function cookie(value: string, expires: Date, secure: boolean): string {
  const options = { path: '/', httpOnly: true, sameSite: 'Strict', expires } as const;
  return secure
    ? serialize(sessionCookieName(true), value, { ...options, secure: true })
    : serialize(sessionCookieName(false), value, options);
}
