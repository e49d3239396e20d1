import { copyFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EventSource } from 'eventsource';
import { z } from 'zod';
import { type BackupClient, createBackupClient } from '../../../../server/client/client.ts';
import { AppError, cancelled } from '../../../../server/core/errors.ts';
import { type Bench, MIGRATED, SOURCE } from '../bench.ts';
import type { Contender, Measured } from '../contender.ts';
import { plainArchive, runScript } from '../ours.ts';
import { answerTimes, TOKENS } from './answer-times.ts';
import { type OurServer, startOurServer } from './our-server.ts';
import { makeTokens } from './service-tokens.ts';

/** A copy of the source: the server writes records, which no other contender's dump should hold. */
const DATABASE = 'bench_our_server';
/** Number of archives already stored, as after three months of daily backups. */
const STOCK = 100;

/** Our server as a separate process, driven over HTTP on loopback by its own client. */
export const SERVED: Contender[] = [
  { key: 'server-bytes', label: 'our server: uploads, download, backup', run: (bench) => served(bench, moveBytes) },
  {
    key: 'server-list',
    label: 'our server: backups.list meanwhile',
    run: (bench) => served(bench, (it) => askMeanwhile(it, () => '/trpc/backups.list')),
  },
  {
    key: 'server-get',
    label: 'our server: operations.get meanwhile',
    run: (bench) => served(bench, (it) => askMeanwhile(it, operationPath)),
  },
];

/** A freshly started server, with a user who has access. */
interface Served {
  bench: Bench;
  server: OurServer;
  client: BackupClient;
  tokens: string[];
  /** An archive of the bench's data, not yet known to the server, and its size in bytes. */
  archive: { path: string; size: number };
}

async function served(
  bench: Bench,
  measure: (served: Served) => Promise<Omit<Measured, 'peakRss'>>,
): Promise<Measured> {
  const path = join(bench.files, await plainArchive(bench));
  const { size } = await stat(path);
  // A new name each time: the records mention backups that are gone, so a reused folder would be reported as lost.
  const backups = await mkdtemp(join(bench.files, 'server-'));
  await bench.server.recreate(DATABASE, SOURCE);
  try {
    await stock(bench, backups);
    await bench.server.query('postgres', 'CHECKPOINT');
    await using server = await startOurServer(bench, { database: DATABASE, backups, maxUploadBytes: size });
    const tokens = await makeTokens(server.url, TOKENS + 1, bench.signal);
    const [token = ''] = tokens.splice(0, 1);
    const client = createBackupClient({ url: server.url, token, EventSource });
    const measured = await measure({ bench, server, client, tokens, archive: { path, size } });
    return { ...measured, peakRss: server.peakRss() };
  } catch (error) {
    // The server ends with the benchmark; whoever talked to it only sees that it is gone.
    throw bench.signal.aborted ? cancelled('The benchmark') : error;
  } finally {
    await rm(backups, { recursive: true, force: true });
    await bench.server.drop(DATABASE);
  }
}

/** Stores small archives to list. */
async function stock(bench: Bench, folder: string): Promise<void> {
  const words = ['--output', folder, '--name', 'stock_0'];
  await runScript(bench, 'backup.ts', words, MIGRATED, z.object({}));
  for (let number = 1; number < STOCK; number++) {
    await copyFile(join(folder, 'stock_0.zip'), join(folder, `stock_${number}.zip`));
  }
}

/** Measures in turn an upload in one request, one in pieces as the client does it, a download, and a verified backup. */
async function moveBytes({ bench, server, client, tokens, archive }: Served): Promise<Measured> {
  const { signal } = bench;
  const started = performance.now();
  const put = await fetch(`${server.url}/api/uploads`, {
    method: 'PUT',
    headers: { Authorization: `Bearer ${tokens[0]}` },
    body: Bun.file(archive.path),
    signal,
  });
  if (put.status !== 201)
    throw new AppError('UNEXPECTED', `The upload was answered with ${put.status}: ${await put.text()}`);
  const { fileName } = z.object({ data: z.object({ fileName: z.string() }) }).parse(await put.json()).data;
  await client.upload(Bun.file(archive.path), { name: 'again.zip', signal });
  const { bytes } = await client.download(fileName, { write: () => undefined }, { signal });
  if (bytes !== archive.size) {
    throw new AppError('UNEXPECTED', `The download has ${bytes} bytes, what was uploaded ${archive.size}.`);
  }
  const { data } = await client.backups.create.mutate({});
  await client.wait(data.operation.id, { signal });
  return { seconds: (performance.now() - started) / 1000 };
}

/** Repeats one request while backups are made, and measures the answers that arrive while one is running. */
async function askMeanwhile(
  { bench, server, client, tokens }: Served,
  pathOf: (operationId: string) => string,
): Promise<Measured> {
  const { signal } = bench;
  // Backups repeat until then, so that small data yields enough answers as well.
  const until = performance.now() + bench.loadSeconds * 1000;
  const answered: number[] = [];
  const seconds: number[] = [];
  do {
    const { data } = await client.backups.create.mutate({});
    const { id } = data.operation;
    const times = await answerTimes(`${server.url}${pathOf(id)}`, tokens, async (count) => {
      for await (const { state } of client.watch(id, { signal })) count(state === 'running');
      const { startedAt, finishedAt, state } = (await client.operations.get.query({ id })).data;
      if (state !== 'succeeded') throw new AppError('UNEXPECTED', `A backup of our server is ${state}.`);
      seconds.push((Date.parse(String(finishedAt)) - Date.parse(String(startedAt))) / 1000);
    });
    answered.push(...times);
  } while (performance.now() < until);
  if (answered.length === 0) throw new AppError('UNEXPECTED', 'Our server gave no answer while a backup was running.');
  return { seconds: seconds.reduce((sum, one) => sum + one, 0) / seconds.length, answerTimes: answered };
}

function operationPath(id: string): string {
  return `/trpc/operations.get?input=${encodeURIComponent(JSON.stringify({ id }))}`;
}
