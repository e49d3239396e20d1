import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { contentOf, sequencesOf } from '../../db/testing/content.fixture.ts';
import { testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { openArchive } from '../archive/reader.ts';
import { verifyArchive } from '../backup/verify.ts';
import { bytesSource } from '../storage/memory.ts';
import { restoreInto } from '../testing/verbs.fixture.ts';

const FIXTURES = join(import.meta.dir, '../archive/fixtures');
/** SHA-256 of all rows and sequences that each archive brings back. */
const FROZEN = {
  'format-1.0-deflate.zip': 'dc44834378746ab6af1a377c0e5580296c6caa31760dfe5575d9bb6f3dbe4b19',
  'format-1.0-zstd.zip': 'dc44834378746ab6af1a377c0e5580296c6caa31760dfe5575d9bb6f3dbe4b19',
  'format-1.1-deflate.zip': 'cb33c654a7187fed20b038f61e4af9d958a8bc15f58205d4c27a58c9a8d464cb',
};

for (const server of testServers())
  describe(`frozen archives on server ${server}`, () => {
    for (const [file, content] of Object.entries(FROZEN))
      test(`promise 2: ${file} is verified, and restored into the schema it brings`, async () => {
        const bytes = await Bun.file(join(FIXTURES, file)).bytes();
        const run = { signal: new AbortController().signal, onProgress: () => undefined };
        expect(await verifyArchive(bytesSource(bytes), run)).toMatchObject({ ok: true, faults: [] });
        const archive = await openArchive(bytesSource(bytes));
        const files = archive.manifest.entries.filter(({ name }) => name.startsWith('schema/'));
        await using database = await testDatabase({ server });
        for (const entry of files)
          await Bun.$`psql -X -q -v ON_ERROR_STOP=1 -f - ${database.url} < ${new Response(await archive.readEntry(entry))}`.quiet();
        await restoreInto(database, { bytes });
        const found = JSON.stringify([await contentOf(database), await sequencesOf(database)]);
        expect(new Bun.SHA256().update(found).digest('hex')).toBe(content);
      });
  });
