import { resolve } from 'node:path';
import { maskDatabaseUrl } from '../db/connect/mask-url.ts';
import { migrate } from '../db/system/migrate.ts';
import { openRecords } from '../db/system/records.ts';
import type { Config } from '../server/process/config.ts';
import { createAudit } from '../server/security/audit/audit.ts';
import { createBreakGlassCode } from '../server/security/sessions/break-glass.ts';
import { type Command, runCommand } from './command/cli.ts';
import {
  commandActor,
  configFor,
  DATA_DIR,
  DATABASE_SETTINGS,
  DEMO_FLAG,
  openDatabase,
  settingsHelp,
} from './command/compose.ts';
import { formatMoment } from './command/format.ts';
import { startedAt } from './start/folder-lock.ts';

const flags = { demo: DEMO_FLAG } as const;

export const command: Command<typeof flags> = {
  name: 'break-glass',
  summary:
    'Prints a one-time link to restore with, for the day the administrators are lost. It works once, within ten minutes; making and using it is audited.',
  flags,
  onlySays: true,
  settings: [
    ...settingsHelp(...DATABASE_SETTINGS),
    {
      name: 'PUBLIC_URL',
      help: 'where the server is reached; when unset as `bun start` in this folder answers, or made of HOST and PORT',
    },
    { name: 'HOST', help: 'on which address the server listens; 127.0.0.1 when unset' },
    { name: 'PORT', help: 'its port; 3000 when unset' },
  ],
  examples: [{ line: 'bun run scripts/break-glass.ts', does: 'when nobody can sign in any more' }],
  async run({ env, values, signal, detail }) {
    const config = configFor(env, values);
    await using database = await openDatabase(config, { demo: values.demo, signal });
    detail(`database ${maskDatabaseUrl(database.url)}`);
    // Our own tables may be lost as well.
    await migrate(database.url, { signal });
    const { code, expiresAt } = await makeCode(database.url, commandActor(env));
    const link = new URL(`/break-glass#${code}`, await serverAddress(config)).href;
    return {
      data: { link, expiresAt: expiresAt.toISOString() },
      lines: [link, `It works once, until ${formatMoment(expiresAt)}. Whoever has it can restore: give it to nobody.`],
    };
  },
};

async function makeCode(url: string, actor: string): Promise<{ code: string; expiresAt: Date }> {
  const now = () => new Date();
  const client = openRecords(url, { connections: 1, applicationName: 'palace-backup break-glass' });
  try {
    const { records } = client;
    const made = await createBreakGlassCode({ records, now }, actor);
    await createAudit({ records, now }).append({
      actor,
      address: 'this machine',
      action: 'break-glass',
      outcome: 'allowed',
      details: { expiresAt: made.expiresAt.toISOString() },
    });
    return made;
  } finally {
    await client.close();
  }
}

/** Returns the server's address. The code follows as a fragment, which browsers keep to themselves, so it reaches no log. */
async function serverAddress({ publicUrl, tls, host, port }: Config): Promise<string> {
  if (publicUrl !== null) return publicUrl;
  // It may have taken another port than the configured one, on which somebody else's server answers.
  const started = await startedAt(resolve(DATA_DIR)).catch(() => null);
  if (started !== null) return started;
  const reached = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `${tls ? 'https' : 'http'}://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}

if (import.meta.main) await runCommand(command);
