import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { bytesSource } from '../storage/memory.ts';
import { lossesOf, lossText } from './manifest/losses.ts';
import { checkContainer, openArchive } from './reader.ts';
import { NASTY_TABLE } from './recovery/recovery.fixture.ts';
import { countRows } from './rows/records.ts';

/**
 * Archives as each released format wrote them. They are never regenerated, because what was written once must stay
 * readable.
 */
const FORMAT_1_0 = { formatVersion: '1.0', rows: 11 };
const FROZEN = {
  'format-1.0-deflate.zip': {
    ...FORMAT_1_0,
    digest: 'ed319af36500446c0912a6a06ffadb43012c986912599dc83b9744fc802a9561',
  },
  'format-1.0-zstd.zip': {
    ...FORMAT_1_0,
    digest: 'a42b2be0a1eea952a9887698afa74ea31e5b6c81a0943be7f0500ae645a14e5d',
  },
  'format-1.1-deflate.zip': {
    formatVersion: '1.1',
    rows: 6,
    digest: 'ecc40b6f8e5d1c94504ba57ea4461818f0cb77e6b07c9df879050927c700ed00',
  },
};

for (const [file, { digest, formatVersion, rows: held }] of Object.entries(FROZEN)) {
  test(`the frozen archive ${file} still opens, checks and reads back`, async () => {
    const bytes = await Bun.file(join(import.meta.dir, 'fixtures', file)).bytes();
    const archive = await openArchive(bytesSource(bytes));
    await checkContainer(archive);
    expect(archive.digest).toBe(digest);
    expect(archive.manifest).toMatchObject({ formatVersion, metadata: { totalRecords: held } });
    let rows = 0;
    const texts = new Map<string, string>();
    for (const entry of archive.manifest.entries) {
      const content = await archive.readEntry(entry);
      if (entry.format === 'text') texts.set(entry.name, new TextDecoder().decode(content));
      else rows += countRows(content, entry.format);
    }
    expect(rows).toBe(held);
    expect(texts.get('restore.sql')).toContain('\\set ON_ERROR_STOP on');
    if (formatVersion !== '1.0') return;
    const [nasty] = archive.chunks({ schema: 'Other Schema', name: NASTY_TABLE });
    expect(nasty && new TextDecoder().decode(await archive.readEntry(nasty))).toEndWith('"",6,x\n\\.,5,\n');
  });
}

test('the frozen archive of format 1.1 tells types, collations, functions, losses and what was left out', async () => {
  const bytes = await Bun.file(join(import.meta.dir, 'fixtures/format-1.1-deflate.zip')).bytes();
  const { manifest } = await openArchive(bytesSource(bytes));
  expect(manifest.types.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual([
    'composite pair',
    'domain code',
    'enum mood',
    'range span',
  ]);
  expect(manifest).toMatchObject({
    collations: [{ schema: 'other', name: 'loose', provider: 'i', deterministic: false, locale: 'und-u-ks-level2' }],
    defaultCollation: { provider: 'c', locale: 'C', rules: null },
    functions: [{ schema: 'public', name: 'ticket_text' }],
    leftOut: [{ schema: 'public', name: 'old_things', reason: 'moved away' }],
    withoutRows: [{ schema: 'public', name: 'logs', rows: 0, reason: 'too large' }],
    losses: [{ schema: 'public', name: 'stray', kind: 'table' }],
    unknown: { tables: [{ schema: 'public', name: 'stray' }] },
  });
  expect(lossesOf(manifest).map(lossText)).toEqual([
    'public.stray is in the database but not in the schema: it is NOT in this backup.',
  ]);
  expect(manifest.sequences.find(({ name }) => name === 'tickets')).toMatchObject({ lastValue: '115', isCalled: true });
});
