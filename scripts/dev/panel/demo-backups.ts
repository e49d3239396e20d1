import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as hrmsSchema from '../../../db/hrms/schema.ts';
import { modelFromSchema } from '../../../db/model/drizzle-model.ts';
import { type BackupInput, createBackup } from '../../../server/backup/create.ts';
import { archiveName } from '../../../server/backup/file-name.ts';
import { APPLICATION } from '../../../server/core/application.ts';
import { AppError } from '../../../server/core/errors.ts';
import { runOperation } from '../../../server/jobs/operations.ts';
import { createNotes, type NoteChange } from '../../../server/library/notes.ts';
import { createLocalStorage } from '../../../server/storage/local/local.ts';
import type { DemoServer } from './demo-server.ts';

const HOUR_MS = 3_600_000;
const NEVER_ABORTED = new AbortController().signal;
/** SQL that makes each archive a little larger than the one before, as a database in use does. */
const GROW = `
  INSERT INTO public.audit_trails (id, "entityType", "entityId", action, changes, "performedBy", timestamp)
  SELECT gen_random_uuid()::text, "entityType", "entityId", action, jsonb_build_object('note', md5(random()::text)), "performedBy", timestamp
    FROM public.audit_trails LIMIT 60`;

interface Made {
  hoursAgo: number;
  by: string;
  input?: Partial<BackupInput>;
  note?: NoteChange;
}

const NIGHTLY = 'root@db1 (command line)';
const MADE: Made[] = [
  { hoursAgo: 150, by: NIGHTLY },
  { hoursAgo: 126, by: NIGHTLY },
  {
    hoursAgo: 109,
    by: 'superadmin@owu.example',
    input: { name: 'before-the-move' },
    note: { pinned: true, note: 'The state before the offices moved. Keep until the end of the year.' },
  },
  { hoursAgo: 102, by: NIGHTLY },
  { hoursAgo: 78, by: NIGHTLY, input: { verify: false } },
  {
    hoursAgo: 60,
    by: 'superadmin@owu.example',
    input: { name: 'payroll-only', tables: ['staff', 'salary_structures'] },
  },
  { hoursAgo: 54, by: NIGHTLY },
  { hoursAgo: 30, by: NIGHTLY, input: { compression: 'zstd' } },
  { hoursAgo: 0, by: NIGHTLY },
];

/** Stores a week of backups: of all tables and of some, pinned and with notes, never verified, truncated; and one that failed. */
export async function storeDemoBackups(server: DemoServer): Promise<void> {
  const storage = createLocalStorage(server.folder);
  const model = modelFromSchema(hrmsSchema);
  await using session = await server.session();

  const make = async ({ hoursAgo, by, input, note }: Made, lockGiveUpMs = 10_000) => {
    await session.query(GROW);
    const began = performance.now();
    const start = Date.now() - hoursAgo * HOUR_MS;
    const now = () => new Date(start + performance.now() - began);
    const order: BackupInput = {
      compression: 'deflate',
      jobs: 2,
      strict: false,
      verify: true,
      createdBy: by,
      ...input,
    };
    const deps = { databaseUrl: server.databaseUrl, storage, model, now, application: APPLICATION, lockGiveUpMs };
    const running = { ...deps, newId: () => crypto.randomUUID(), pause: (ms: number) => Bun.sleep(ms) };
    const asked = { kind: 'backup', actor: by, parameters: { ...order }, wait: true };
    const made = await runOperation(running, asked, NEVER_ABORTED, async (operation) => {
      const name = archiveName(order.name, now(), operation.id);
      await operation.nameArchive(name);
      const run = { signal: operation.signal, onProgress: operation.report };
      return createBackup({ ...deps, newId: () => operation.id }, { ...order, name }, run);
    });
    if (note) await createNotes(storage).change(made.fileName, note);
    return made.fileName;
  };

  let newest = '';
  for (const one of MADE.slice(0, -2)) newest = await make(one);
  const bytes = await readFile(join(server.folder, newest));
  await writeFile(join(server.folder, 'from-the-old-server.zip'), bytes.subarray(0, bytes.length * 0.7));

  await session.query('BEGIN; LOCK TABLE public.staff IN ACCESS EXCLUSIVE MODE');
  await make({ hoursAgo: 40, by: NIGHTLY }, 500).catch((error: unknown) => {
    if (!(error instanceof AppError && error.code === 'TABLE_BUSY')) throw error;
  });
  await session.query('ROLLBACK');
  for (const one of MADE.slice(-2)) await make(one);
}
