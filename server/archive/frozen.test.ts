import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { checkContainer, openArchive } from './reader.ts';
import { countRows } from './records.ts';
import { NASTY_TABLE } from './recovery.fixture.ts';
import { sourceOf } from './sample.fixture.ts';

/** Archives as each released format wrote them. They are never made anew: what was written once must stay readable. */
const FROZEN = {
  'format-1.0-deflate.zip': 'ed319af36500446c0912a6a06ffadb43012c986912599dc83b9744fc802a9561',
  'format-1.0-zstd.zip': 'a42b2be0a1eea952a9887698afa74ea31e5b6c81a0943be7f0500ae645a14e5d',
};

for (const [file, digest] of Object.entries(FROZEN)) {
  test(`the frozen archive ${file} still opens, checks and reads back`, async () => {
    const bytes = await Bun.file(join(import.meta.dir, 'fixtures', file)).bytes();
    const archive = await openArchive(sourceOf(bytes));
    await checkContainer(archive);
    expect(archive.digest).toBe(digest);
    expect(archive.manifest).toMatchObject({ formatVersion: '1.0', metadata: { totalRecords: 11 } });
    let rows = 0;
    for (const entry of archive.manifest.entries) {
      const content = await archive.readEntry(entry);
      if (entry.format !== 'text') rows += countRows(content, entry.format);
    }
    expect(rows).toBe(11);
    const [nasty] = archive.chunks({ schema: 'Other Schema', name: NASTY_TABLE });
    expect(nasty && new TextDecoder().decode(await archive.readEntry(nasty))).toEndWith('"",6,x\n\\.,5,\n');
    expect(await archive.readText('restore.sql')).toContain('\\set ON_ERROR_STOP on');
  });
}
