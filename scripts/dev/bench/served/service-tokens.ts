import { DEMO_PASSWORD } from '../../../../db/hrms/demo/people.ts';
import { createBackupClient } from '../../../../server/client/client.ts';

const SUPER_ADMIN = 'superadmin@owu.example';
/** Scopes of services that make and watch backups. */
const SCOPES = ['backups:read', 'backups:create', 'backups:download', 'uploads:create', 'operations:read'] as const;

/** Signs in as the demo data's super administrator, with a cookie as a browser does, and creates `count` tokens. */
export async function makeTokens(url: string, count: number, signal: AbortSignal): Promise<string[]> {
  let cookie = '';
  const panel = createBackupClient({
    url,
    async fetch(address, init) {
      const headers = new Headers(init.headers);
      headers.set('Origin', url);
      if (cookie !== '') headers.set('Cookie', cookie);
      const response = await fetch(address, { ...init, headers, signal });
      cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie;
      return response;
    },
  });
  await panel.auth.signIn.mutate({ email: SUPER_ADMIN, password: DEMO_PASSWORD });
  await panel.auth.stepUp.mutate({ password: DEMO_PASSWORD });
  const tokens: string[] = [];
  for (let number = 1; number <= count; number++) {
    const made = await panel.tokens.create.mutate({ name: `bench ${number}`, scopes: [...SCOPES], expiresInDays: 1 });
    tokens.push(made.data.token);
  }
  return tokens;
}
