import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sampleArchive } from '../server/archive/sample.fixture.ts';
import type { VerifyReport } from '../server/backup/verify.ts';
import type { FailureBody } from '../server/core/errors.ts';
import type { StoredBackup } from '../server/library/list.ts';
import { type CommandFolder, commandFolder, jsonOf } from './command/command-folder.fixture.ts';

const DOCUMENT = JSON.stringify({
  metadata: {
    timestamp: '2026-11-23T09:30:15.000Z',
    createdBy: 'maria',
    totalRecords: 2,
    databaseUrl: 'postgres://db:5432/hrms',
  },
  data: { staff: [{ id: 1, extra: { a: 1, b: [{}] } }, { id: 2 }], loans: [] },
});

let folder: CommandFolder;
beforeAll(async () => {
  folder = await commandFolder(null);
  const { bytes, manifest } = await sampleArchive();
  await mkdir(folder.backups);
  await writeFile(join(folder.backups, 'sound.zip'), bytes);
  const damaged = bytes.slice();
  for (const entry of manifest.entries.filter((chunk) => chunk.table?.name === 'staff')) {
    // The stored bytes of a chunk follow its name in the local header.
    const at = Buffer.from(damaged).indexOf(entry.name) + entry.name.length;
    damaged[at] = (damaged[at] ?? 0) ^ 0xff;
  }
  await writeFile(join(folder.backups, 'damaged.zip'), damaged);
  await writeFile(join(folder.dir, 'stray.zip'), 'not an archive');
  await writeFile(join(folder.backups, 'stray.zip'), 'not an archive');
  await writeFile(join(folder.backups, 'export.json'), DOCUMENT);
  await writeFile(join(folder.backups, 'packed.json.gz'), gzipSync(DOCUMENT));
  await writeFile(join(folder.backups, 'package.json'), '{"name":"x","version":"1"}');
});
afterAll(() => folder[Symbol.asyncDispose]());

describe('find', () => {
  test('needs no database, and tells each row that holds the text, with its table', async () => {
    const done = await folder.run('find', ['sound', '--text', 'THE SECOND']);
    expect(done).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('staff, row 2: id: 2, name: Bola, "the second"'),
    });
    const found = jsonOf<{ data: object }>(
      await folder.run('find', ['sound', '--text', 'a', '--tables', 'staff', '--json']),
    );
    expect(found.data).toMatchObject({
      rows: 4,
      complete: true,
      unsearched: [],
      hits: [{ number: 1 }, { number: 2 }, { table: 'staff', chunk: 2, row: 1, number: 3 }],
    });
    const cut = jsonOf<{ data: object }>(await folder.run('find', ['sound', '--text', 'a', '--limit', '1', '--json']));
    expect(cut.data).toMatchObject({ complete: false, hits: [{ number: 1 }] });
  });

  test('names what is damaged, remembers it, and refuses what it cannot search', async () => {
    const done = await folder.run('find', ['damaged.zip', '--text', '7', '-s']);
    expect(done).toMatchObject({ code: 5, stderr: expect.stringContaining('Chunk 1 of table public.staff') });
    const { data } = jsonOf<{ data: { backups: StoredBackup[] } }>(await folder.run('list', ['--json']));
    expect(data.backups.find(({ name }) => name === 'damaged.zip')?.damaged?.foundAt).toMatch(/^\d{4}-/);
    expect((await folder.run('find', ['sound', '-s'])).code).toBe(4);
    expect((await folder.run('find', ['export.json', '--text', 'a', '-s'])).code).toBe(4);
    expect((await folder.run('find', ['sound', '--text', 'a', '--tables', 'nowhere', '-s'])).code).toBe(4);
  });
});

describe('verify', () => {
  test('needs no database, reads a stored backup and remembers it', async () => {
    const done = await folder.run('verify', ['sound', '--json']);
    expect(done.code).toBe(0);
    expect(jsonOf<object>(done)).toMatchObject({
      success: true,
      data: { name: 'sound.zip', ok: true, rows: 5, faults: [] },
    });
    const { data } = jsonOf<{ data: { backups: StoredBackup[] } }>(await folder.run('list', ['--json']));
    expect(data.backups.find((backup) => backup.name === 'sound.zip')?.lastVerified).toMatch(/^\d{4}-/);
  });

  test('names every damaged table and chunk, with exit code 5', async () => {
    const done = await folder.run('verify', ['damaged.zip', '--json']);
    expect(done.code).toBe(5);
    const { error } = jsonOf<FailureBody>(done);
    const faults = (error.details as unknown as VerifyReport).faults;
    expect(error.code).toBe('ARCHIVE_DAMAGED');
    expect(faults.map((fault) => [fault.table, fault.entry])).toEqual([
      ['public.staff', 'data/public.staff/00001.csv'],
      ['public.staff', 'data/public.staff/00002.copy'],
    ]);
    for (const fault of faults) expect(done.stderr).toContain(fault.message);
    const listed = await folder.run('list', []);
    expect(listed.stdout).toMatch(/damaged\.zip .*DAMAGED \(found \d{4}-\d\d-\d\d\)/);
    expect(listed.stderr).toContain('damaged.zip was found damaged');
    expect(listed.stderr).not.toContain('\\u{a}');
  });

  test('takes a path anywhere, and prefers a file that is here to a stored backup of that name', async () => {
    expect((await folder.run('verify', ['./backups/sound.zip'])).stdout).toContain(
      './backups/sound.zip is sound: 5 rows',
    );
    const done = await folder.run('verify', ['stray.zip', '--json']);
    expect([done.code, jsonOf<FailureBody>(done).error.code]).toEqual([5, 'ARCHIVE_INVALID']);
  });

  test('--rows holds the rows against their keys, with exit code 7, and leaves nothing behind', async () => {
    const before = await folder.files();
    const sound = await folder.run('verify', ['sound', '--rows', '--json']);
    expect([sound.code, jsonOf<object>(sound)]).toMatchObject([0, { data: { rules: { ok: true, checked: 0 } } }]);
    const target = { schema: 'public', name: 'staff' };
    const { bytes } = await sampleArchive({
      change: (manifest) => {
        for (const table of manifest.tables) {
          table.rules = [];
          table.primaryKey = { name: `${table.name}_pkey`, columns: ['id'] };
          const foreignKey = {
            columns: ['id'],
            target,
            targetColumns: ['id'],
            onUpdate: 'no action',
            onDelete: 'no action',
          } as const;
          table.links = [{ name: `${table.name}_staff`, ...foreignKey, columns: ['id'], targetColumns: ['id'] }];
        }
        return manifest;
      },
    });
    await writeFile(join(folder.dir, 'broken.zip'), bytes);
    expect((await folder.run('verify', ['broken.zip'])).code).toBe(0);
    const broken = await folder.run('verify', ['broken.zip', '--rows', '--json']);
    expect(broken.code).toBe(7);
    const { error } = jsonOf<FailureBody>(broken);
    expect(error).toMatchObject({
      code: 'LINKS_BROKEN',
      details: { broken: [{ rule: 'loans_staff', kind: 'foreign key', rows: 1, keys: ['id = 7'] }] },
    });
    expect(broken.stderr).toContain(
      '1 row of public.loans refers to no row of public.staff (foreign key loans_staff): id = 7',
    );
    expect(await folder.files()).toEqual(before);
  });

  test('reads a document to its end, packed or not, and counts its rows', async () => {
    for (const name of ['export.json', 'packed.json.gz']) {
      const done = await folder.run('verify', [name, '--json']);
      expect([name, done.code, done.stderr]).toEqual([name, 0, expect.not.stringContaining('warning')]);
      expect(jsonOf<object>(done)).toMatchObject({ data: { ok: true, rows: 2, tables: { staff: 2, loans: 0 } } });
    }
    expect((await folder.run('verify', ['export.json', '--rows'])).code).toBe(4);
    const faults: [string, number][] = [
      [DOCUMENT.slice(0, -1), 5],
      [DOCUMENT.replace('[{"id":1', '[{"id":1,"id":1'), 5],
      [DOCUMENT.replace('"loans":[]', '"loans":{}'), 5],
      [DOCUMENT.replace('"data"', '"dada"'), 5],
      [`${DOCUMENT}x`, 5],
      [`[${DOCUMENT}]`, 5],
    ];
    for (const [text, code] of faults) {
      await writeFile(join(folder.dir, 'bad.json'), text);
      expect([text, (await folder.run('verify', ['./bad.json', '-s'])).code]).toEqual([text, code]);
    }
    await writeFile(join(folder.dir, 'bad.json'), DOCUMENT.replace('"totalRecords":2', '"totalRecords":3'));
    expect(await folder.run('verify', ['./bad.json', '-s'])).toEqual({
      code: 0,
      stdout: '',
      stderr: 'warning: It says of itself that it holds 3 rows; there are 2.\n',
    });
  });

  test('the notes beside an archive, and other JSON, are told for what they are', async () => {
    await folder.run('verify', ['sound', '-s']);
    const notes = await folder.run('verify', ['sound.zip.json']);
    expect(notes.code).toBe(5);
    expect(notes.stderr).toContain('sound.zip.json is no backup: it holds the notes that lie beside one.');
    expect(notes.stderr).toContain('Give the archive itself: sound.zip\n');
    const other = await folder.run('restore', ['package.json', '--yes'], { DATABASE_URL: 'postgres://127.0.0.1:1/x' });
    expect([other.code, other.stderr]).toEqual([
      5,
      expect.stringContaining('some other JSON, which begins with "name"'),
    ]);
  });

  test('a path may begin at home', async () => {
    const done = await folder.run('verify', ['~/backups/sound.zip', '-s']);
    expect(done).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('a name that is nowhere is exit code 4, and the newest names are offered', async () => {
    const done = await folder.run('verify', ['nothing']);
    expect(done.code).toBe(4);
    expect(done.stderr).toContain('There is no backup nothing in');
    expect(done.stderr).toContain('sound.zip');
  });
});

describe('list', () => {
  test('shows name, moment, maker, rows and size, and says what cannot be opened', async () => {
    const { code, stdout, stderr } = await folder.run('list', []);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^NAME +MADE +BY +OF +KIND +ROWS +SIZE\n/);
    expect(stdout).toMatch(/^sound\.zip +2026-11-23 09:30:15 UTC +test +palace at localhost +full +5 +[\d.]+ KiB/m);
    expect(stdout).toMatch(/^stray\.zip .* UNREADABLE \(ARCHIVE_INVALID\)$/m);
    expect(stdout).toMatch(
      /^export\.json +2026-11-23 09:30:15 UTC +maria +hrms at db:5432 +document +2 +[\d.]+ KiB|^export\.json .* B$/m,
    );
    expect(stdout).toContain('3 backups and 2 documents, ');
    expect(stderr).toContain('warning: stray.zip cannot be opened');
  });

  test('--json gives rows per table for another program', async () => {
    const { data } = jsonOf<{ data: { backups: StoredBackup[] } }>(await folder.run('list', ['--json']));
    expect(data.backups.map((backup) => backup.name).sort()).toEqual(['damaged.zip', 'sound.zip', 'stray.zip']);
    expect(data.backups.find((backup) => backup.name === 'sound.zip')?.manifest?.tables).toEqual({
      staff: 4,
      loans: 1,
    });
  });

  test('an empty or absent folder is no failure', async () => {
    const done = await folder.run('list', [], { BACKUP_DIR: join(folder.dir, 'nowhere') });
    expect(done.code).toBe(0);
    expect(done.stdout).toContain(`There is no folder ${join(folder.dir, 'nowhere')}: `);
    await mkdir(join(folder.dir, 'empty'));
    const empty = await folder.run('list', [], { BACKUP_DIR: join(folder.dir, 'empty') });
    expect(empty).toMatchObject({ code: 0, stdout: `No backups in ${join(folder.dir, 'empty')}.\n` });
  });

  test('needs no database, and takes no argument', async () => {
    for (const wrong of [{ DATABASE_URL: 'nonsense' }, { DATABASE_URL_FILE: '/no/file' }, { PGHOST: 'h', PGPORT: 'x' }])
      for (const args of [['list'], ['verify', 'sound']])
        expect([wrong, (await folder.run(args[0] ?? '', [...args.slice(1), '-s'], wrong)).code]).toEqual([wrong, 0]);
    expect((await folder.run('list', ['sound'])).code).toBe(4);
  });
});
