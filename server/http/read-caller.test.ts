import { describe, expect, test } from 'bun:test';
import { AppError } from '../core/errors.ts';
import { type CallerSources, createReadCaller } from './read-caller.ts';

const anna = {
  actor: 'anna@example.org',
  adminId: 'admin-1',
  email: 'anna@example.org',
  role: 'SUPER_ADMIN',
  scopes: new Set<never>(),
};
const session = (address: string) =>
  ({ ...anna, kind: 'session', sessionKey: 'key', fullName: 'Anna', stepUp: null, address }) as const;

function readerWith(fresh: boolean) {
  const asked: string[] = [];
  const sources: CallerSources = {
    sessions: {
      async read(id, address) {
        asked.push(`session ${id}`);
        return id === 'good' ? { caller: session(address), fresh } : null;
      },
      cookies: {
        read: (header) => /(?:^|; )s=(\w+)/.exec(header ?? '')?.[1] ?? null,
        set: (id) => `s=${id}`,
        clear: () => 's=; Max-Age=0',
      },
    },
    tokens: {
      async read(jwt, address) {
        asked.push(`token ${jwt}`);
        if (jwt !== 'good') throw new AppError('UNAUTHENTICATED', 'No.');
        return { ...anna, kind: 'token', tokenId: 'jti', access: null, address };
      },
    },
  };
  const read = createReadCaller(sources);
  return { asked, read: (headers: Record<string, string>) => read(new Headers(headers), '198.51.100.7') };
}

describe('readCaller()', () => {
  test('is nobody’s without cookie and token', async () => {
    const { read, asked } = readerWith(false);
    expect(await read({})).toEqual({ caller: { kind: 'nobody', actor: 'nobody', address: '198.51.100.7' } });
    expect(asked).toEqual([]);
  });

  test('knows a session by its cookie, and sends the cookie again when its end was moved', async () => {
    expect(await readerWith(false).read({ Cookie: 's=good' })).toEqual({ caller: session('198.51.100.7') });
    expect(await readerWith(true).read({ Cookie: 's=good' })).toMatchObject({ setCookie: 's=good' });
  });

  test('takes the cookie of a session that is over away', async () => {
    const found = await readerWith(true).read({ Cookie: 's=over' });
    expect(found).toMatchObject({ caller: { kind: 'nobody' }, setCookie: 's=; Max-Age=0' });
  });

  test('lets a token decide alone, whatever cookie comes along', async () => {
    const { read, asked } = readerWith(true);
    expect(await read({ Authorization: 'Bearer good', Cookie: 's=good' })).toMatchObject({ caller: { kind: 'token' } });
    await expect(read({ Authorization: 'bearer bad', Cookie: 's=good' })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    expect(asked).toEqual(['token good', 'token bad']);
  });

  test('refuses an authorization of another kind', async () => {
    const { read, asked } = readerWith(true);
    for (const authorization of ['Basic YTpi', 'Bearer', 'Bearer a b', 'good', '']) {
      await expect(read({ Authorization: authorization, Cookie: 's=good' })).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
      });
    }
    expect(asked).toEqual([]);
  });
});
