import { AppError } from '../core/errors.ts';
import type { Caller } from '../security/caller.ts';
import type { ReadCaller } from './guards.ts';

type Of<Kind extends Caller['kind']> = Extract<Caller, { kind: Kind }>;

/** Dependencies for identifying a caller by cookie or token. */
export interface CallerSources {
  sessions: {
    read(sessionId: string, address: string): Promise<{ caller: Of<'session'>; fresh: boolean } | null>;
    cookies: { read(header: string | null): string | null; set(sessionId: string): string; clear(): string };
  };
  tokens: { read(jwt: string, address: string): Promise<Of<'token'>> };
}

/**
 * Reads the caller of a request: by the bearer token alone when there is one, otherwise by the session's cookie. An
 * extended session gets its cookie again, an ended one has it removed. Throws UNAUTHENTICATED for an invalid token.
 */
export function createReadCaller({ sessions, tokens }: CallerSources): ReadCaller {
  return async function readCaller(headers, address) {
    const authorization = headers.get('authorization');
    if (authorization !== null) {
      const [, token] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
      if (token !== undefined) return { caller: await tokens.read(token, address) };
      throw new AppError('UNAUTHENTICATED', 'The authorization cannot be understood.', {
        hint: 'Send `Authorization: Bearer` and a token.',
      });
    }
    const nobody: Caller = { kind: 'nobody', actor: 'nobody', address };
    const sessionId = sessions.cookies.read(headers.get('cookie'));
    if (sessionId === null) return { caller: nobody };
    const found = await sessions.read(sessionId, address);
    if (found === null) return { caller: nobody, setCookie: sessions.cookies.clear() };
    return { caller: found.caller, ...(found.fresh && { setCookie: sessions.cookies.set(sessionId) }) };
  };
}
