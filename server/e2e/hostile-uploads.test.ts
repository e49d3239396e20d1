import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillDemo } from '../../db/hrms/demo/demo.ts';
import { campaign } from '../../db/testing/campaign.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { sampleArchive } from '../archive/sample.fixture.ts';
import { hostileFiles } from './hostile-files.fixture.ts';
import { startWatchdog } from './memory-watchdog.fixture.ts';
import { type Program, startProgram } from './program.fixture.ts';
import { type Person, signIn } from './system.fixture.ts';

const MEBIBYTE = 1024 ** 2;
/** What the two processes of a server together may take above what they take at rest. */
const ALLOWED = 256 * MEBIBYTE;
const ALLOWED_SECONDS = 30;
/** Whoever asks how a server is asks again then: a machine with other work to do has its own pauses, and none so long. */
const UNANSWERED_MS = 15_000;
/** The long form stays just below the largest manifest that is read of an upload. */
const SIZE = campaign(3, 31) * MEBIBYTE;

/** Memory and processor time of other processes are read where Linux keeps them. */
const COUNTS = process.platform === 'linux';

let database: TestDatabase;
let folder: string;
let program: Program;
let person: Person;
let watchdog: ReturnType<typeof startWatchdog>;
beforeAll(async () => {
  database = await testDatabase({ template: 'hrms' });
  await fillDemo(database.url, { staff: 10, seed: 3 });
  folder = await mkdtemp(join(tmpdir(), 'palace-hostile-'));
  program = await startProgram({ database, folder, directUrl: database.url });
  person = await signIn(program.url);
  // What is loaded with the first file of each kind belongs to its rest.
  for (const body of [(await sampleArchive()).bytes, '{"metadata":{},"data":{"categories":[]}}']) await put(body);
  watchdog = startWatchdog(program.pid);
}, 300_000);
afterAll(async () => {
  await program.end('SIGTERM');
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}, 120_000);

async function put(body: Uint8Array | string): Promise<{ status: number; code: string | undefined }> {
  const answer = await person.ask('/api/uploads', { method: 'PUT', body });
  const { error } = (await answer.json()) as { error?: { code: string } };
  return { status: answer.status, code: error?.code };
}

/** Asks how the server is, again and again, until the work is done. */
async function asking<R>(work: () => Promise<R>): Promise<{ result: R; statuses: number[]; longest: number }> {
  const statuses: number[] = [];
  let longest = 0;
  let done = false;
  const asked = (async () => {
    while (!done) {
      const begun = performance.now();
      statuses.push(
        await fetch(`${program.url}/healthz`).then(
          ({ status }) => status,
          () => 0,
        ),
      );
      longest = Math.max(longest, performance.now() - begun);
      await Bun.sleep(20);
    }
  })();
  try {
    return { result: await work(), statuses, longest };
  } finally {
    done = true;
    await asked;
  }
}

async function costs(what: string, work: () => Promise<{ status: number; code: string | undefined }>) {
  const { result, peak, seconds } = await watchdog.during(() => asking(work));
  const above = Math.max(0, peak - watchdog.rest()) / MEBIBYTE;
  const { status, code } = result.result;
  console.log(
    `${what}: ${status} ${code}, ${above.toFixed(0)} MB above rest, ${seconds.toFixed(1)} s of a core, longest /healthz ${result.longest.toFixed(0)} ms of ${result.statuses.length}`,
  );
  expect({
    what,
    refused: status >= 400 && status < 500,
    cheap: above * MEBIBYTE < ALLOWED && seconds < ALLOWED_SECONDS,
    answered: result.statuses.every((one) => one === 200) && result.longest < UNANSWERED_MS,
  }).toEqual({ what, refused: true, cheap: true, answered: true });
}

for (const { what, bytes } of hostileFiles(SIZE))
  test.skipIf(!COUNTS)(
    `promise 13: ${what} is refused, cheaply, and everybody else is answered`,
    async () => {
      const file = bytes();
      await costs(`${what} (${(file.length / MEBIBYTE).toFixed(1)} MB)`, () => put(file));
    },
    300_000,
  );

test.skipIf(!COUNTS)('promise 13: orders and the words around an upload cost no more than they are', async () => {
  const headers = { 'Content-Type': 'application/json' };
  const bodies = [`[${'{},'.repeat(80_000)}{}]`, '['.repeat(250_000), `{"0":${'{"a":'.repeat(50_000)}`];
  for (const body of bodies)
    await costs('an order', async () => {
      const { status } = await person.ask('/trpc/backups.create?batch=1', { method: 'POST', headers, body });
      return { status, code: undefined };
    });
  const metadata = Array.from({ length: 700 }, (_, index) => `k${index} ${btoa('x')}`).join();
  await costs('the metadata of tus', async () => {
    const words = { 'Tus-Resumable': '1.0.0', 'Upload-Length': '9'.repeat(300), 'Upload-Metadata': metadata };
    const { status } = await person.ask('/api/uploads/tus', { method: 'POST', headers: words });
    return { status, code: undefined };
  });
});

test.skipIf(!COUNTS)(
  'promise 13: notes beside an archive, and a manifest in the folder, cost the lists nothing',
  async () => {
    const { fileName } = (await person.client.backups.list.query({ limit: 1 })).data.items[0] ?? { fileName: '' };
    await writeFile(join(folder, 'backups', `${fileName}.json`), `{"a":[${'{},'.repeat(SIZE / 3)}{}]}`);
    const [{ bytes } = { bytes: () => new Uint8Array() }] = hostileFiles(SIZE);
    await writeFile(join(folder, 'backups', 'put-there.zip'), bytes());
    const { peak } = await watchdog.during(() =>
      asking(async () => await person.client.backups.list.query({ limit: 10 })),
    );
    expect(peak - watchdog.rest()).toBeLessThan(ALLOWED);
  },
);
