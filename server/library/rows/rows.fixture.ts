import { sensitivityOf } from '../../../db/hrms/policy.ts';
import type { Manifest } from '../../archive/manifest/manifest.ts';
import { type SampleOptions, sampleArchive } from '../../archive/sample.fixture.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import type { Storage } from '../../storage/storage.ts';
import { createRowReader, type RowQuery, type RowReader } from './rows.ts';
import type { SensitivityOf } from './shown-columns.ts';

export const forever = new AbortController().signal;

/** Returns a change that gives every table of a manifest these columns. */
export const withColumns =
  (...names: string[]) =>
  (manifest: Manifest): Manifest => ({
    ...manifest,
    tables: manifest.tables.map((table) => ({
      ...table,
      columns: names.flatMap((name) => table.columns.slice(0, 1).map((column) => ({ ...column, name, key: name }))),
    })),
  });

/** Returns a storage with one archive, `a.zip`, and a counter of how often it was opened. */
export async function storeArchive(bytes: Uint8Array): Promise<{ storage: Storage; opened: () => number }> {
  const storage = createMemoryStorage(() => new Date());
  await using object = await storage.create('a.zip');
  await object.write(bytes);
  await object.commit();
  let opened = 0;
  const open = (name: string) => {
    opened += 1;
    return storage.open(name);
  };
  return { storage: { ...storage, open }, opened: () => opened };
}

export function readerOf(storage: Storage, policy: SensitivityOf = sensitivityOf): RowReader {
  return createRowReader({ storage, sensitivityOf: policy, now: () => new Date(), onDamage: () => undefined });
}

/** Reads rows of an archive made of these chunks. */
export async function rowsOf(options: SampleOptions, policy: SensitivityOf = sensitivityOf) {
  const { bytes, digest } = await sampleArchive(options);
  const { storage, opened } = await storeArchive(bytes);
  const reader = readerOf(storage, policy);
  const read = (query: Partial<RowQuery> & { table: string }, signal = forever) =>
    reader.read({ name: 'a.zip', digest }, { chunk: 1, offset: 0, limit: 50, revealed: [], ...query }, signal);
  return { read, opened };
}
