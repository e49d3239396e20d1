import { createHash } from 'node:crypto';
import { and, desc, eq, lt } from 'drizzle-orm';
import type { Records } from '../../db/records.ts';
import { audit as auditRows, uploads as uploadRows } from '../../db/schema/system.ts';
import { verifyArchive } from '../backup/verify.ts';
import { AppError } from '../errors.ts';
import { bytesSource } from '../storage/memory.ts';
import type { Storage } from '../storage/storage.ts';
import type { AuditPart, UploadsPart, UploadView } from './parts.ts';

const FIRST = '0'.repeat(64);

/** Rows in `backup_system.audit`, one after the other in this process. */
export function testAudit(records: Records, now: () => Date): AuditPart {
  let last: Promise<unknown> = Promise.resolve();
  const all = () => records.select().from(auditRows).orderBy(desc(auditRows.id));
  return {
    append(entry) {
      const mine = last.then(async () => {
        const [before] = await all().limit(1);
        const previousHash = before?.hash ?? FIRST;
        const hash = createHash('sha256').update(previousHash).update(JSON.stringify(entry)).digest('hex');
        await records.insert(auditRows).values({ ...entry, id: (before?.id ?? 0) + 1, at: now(), previousHash, hash });
      });
      last = mine.catch(() => undefined);
      return mine;
    },
    async list({ before, outcome, action, limit = 50 }) {
      const rows = await records
        .select()
        .from(auditRows)
        .where(
          and(
            before === undefined ? undefined : lt(auditRows.id, before),
            outcome && eq(auditRows.outcome, outcome),
            action === undefined ? undefined : eq(auditRows.action, action),
          ),
        )
        .orderBy(desc(auditRows.id))
        .limit(limit);
      return { rows, next: rows.length === limit ? (rows.at(-1)?.id ?? null) : null };
    },
    async verify() {
      const rows = (await all()).toReversed();
      const broken = rows.find((row, index) => row.previousHash !== (rows[index - 1]?.hash ?? FIRST));
      return { ok: !broken, rows: rows.length, brokenAt: broken?.id ?? null };
    },
  };
}

export interface TestUploads extends UploadsPart {
  /** As if it had been received; its id. */
  receive(bytes: Uint8Array, originalName: string): Promise<string>;
}

/** Rows in `backup_system.uploads`, bytes in memory. */
export function testUploads(records: Records, storage: Storage): TestUploads {
  const received = new Map<string, Uint8Array>();
  const get = async (id: string): Promise<UploadView> => {
    const [row] = await records.select().from(uploadRows).where(eq(uploadRows.id, id));
    if (!row) throw new AppError('NOT_FOUND', 'There is no such upload.');
    return row;
  };
  return {
    get,
    async receive(bytes, originalName) {
      const id = crypto.randomUUID();
      received.set(id, bytes);
      await records
        .insert(uploadRows)
        .values({ id, originalName, state: 'received', size: bytes.length, actor: 'a test' });
      return id;
    },
    async list({ limit }) {
      return {
        uploads: await records.select().from(uploadRows).orderBy(desc(uploadRows.createdAt)).limit(limit),
        next: null,
      };
    },
    async accept(id, _by, signal) {
      const { originalName } = await get(id);
      const bytes = received.get(id) ?? new Uint8Array();
      const report = await verifyArchive(bytesSource(bytes), { signal, onProgress: () => undefined });
      if (!report.ok) throw new AppError('ARCHIVE_DAMAGED', 'The upload is damaged.');
      await using object = await storage.create(originalName);
      await object.write(bytes);
      await object.commit();
      await records
        .update(uploadRows)
        .set({ state: 'accepted', archive: originalName, finishedAt: new Date() })
        .where(eq(uploadRows.id, id));
      return get(id);
    },
    async remove(id) {
      await get(id);
      received.delete(id);
      await records.delete(uploadRows).where(eq(uploadRows.id, id));
    },
  };
}
