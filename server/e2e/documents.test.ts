import { afterAll, beforeAll, expect, test } from 'bun:test';
import { rename, rm } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { type Content, contentOf } from '../../db/testing/content.fixture.ts';
import { readOutcome } from '../api/wire.fixture.ts';
import { oldZip } from '../document/old-zip.fixture.ts';
import { DEMO_PASSWORD, type Person, type System, startSystem } from './system.fixture.ts';

let system: System;
let person: Person;
let before: Content;
beforeAll(async () => {
  system = await startSystem({ staff: 120 });
  person = await system.signIn();
  await person.client.auth.stepUp.mutate({ password: DEMO_PASSWORD });
  before = await contentOf(system.database);
});
afterAll(() => system[Symbol.asyncDispose]());

type Row = Record<string, unknown>;
interface BackupData {
  metadata: Row;
  data: Record<string, Row[]>;
}

async function backUp(): Promise<string> {
  const { operation } = (await person.client.backups.create.mutate({})).data;
  return (await person.client.wait(operation.id)).archive ?? '';
}
async function documentOf(name: string): Promise<BackupData> {
  const answer = await person.ask(`/api/backups/${name}/download?format=json`);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.headers.get('content-disposition')).toContain(name.replace(/\.zip$/, '.json'));
  return (await answer.json()) as BackupData;
}
async function restore(backup: string): Promise<Record<string, unknown>> {
  const { operation } = (
    await person.client.restores.start.mutate({ from: { backup }, confirmDatabase: system.database.name })
  ).data;
  return (await person.client.wait(operation.id)).result ?? {};
}
const spoil = () =>
  system.database.query(
    `DELETE FROM loan_repayments; DELETE FROM issue_comments; UPDATE staff SET "fullName" = 'nobody'`,
  );
const put = (file: string, body: NonNullable<RequestInit['body']>) =>
  person.ask(`/api/uploads?name=${file}`, { method: 'PUT', body });

/** Writes the same rows as the HRMS's present tool does: other names, related rows inside rows, and an order that no insert survives. */
function asOldTool({ metadata, data }: BackupData): string {
  const related: Record<string, Row> = {
    admins: { createdByAdmin: { id: 'x' } },
    staff: {
      reportingManager: { id: 'x' },
      subordinates: [{ id: 'x' }],
      position: null,
      departmentCategory: {},
      jobType: null,
    },
    loans: { staff: { id: 'x' }, updatedByAdmin: null },
    issues: { staff: {}, admin: {}, issueCategory: null },
    documents: { staff: { id: 'x' } },
  };
  const { files = [], systemSettings: _, ...rest } = data;
  const arrays = Object.entries({ documents: files, ...rest }).toReversed();
  const rows = arrays.map(([key, all]) => [key, all.toReversed().map((row) => ({ ...row, ...related[key] }))] as const);
  const { version: __, ...facts } = metadata;
  const tables = Object.fromEntries(rows.map(([key, all]) => [key, all.length]));
  const totalRecords = rows.reduce((sum, [, all]) => sum + all.length, 0);
  const said = { version: '1.0.0', ...facts, totalRecords, tables, nodeVersion: 'v20.1.0', platform: 'linux' };
  return JSON.stringify({ metadata: said, data: Object.fromEntries(rows) }, null, 2);
}

test('what ?format=json gives is what a restore of that backup gives, value for value', async () => {
  const name = await backUp();
  const first = await documentOf(name);
  expect(Object.values(first.data).reduce((sum, rows) => sum + rows.length, 0)).toBe(
    Object.values(system.rows).reduce((sum, count) => sum + count, 0),
  );
  await spoil();
  const spoilt = await documentOf(await backUp());
  expect(spoilt.data['loanRepayments']).toEqual([]);
  expect(await restore(name)).toMatchObject({ tables: system.rows });
  expect(await contentOf(system.database)).toEqual(before);
  const again = await documentOf(await backUp());
  for (const [key, rows] of Object.entries(first.data)) expect(byId(again.data[key] ?? [])).toEqual(byId(rows));
});

test('an old backup of the HRMS, in its ZIP, alone or gzipped, is accepted and restores in whatever order its rows are', async () => {
  const written = await documentOf(await backUp());
  const text = asOldTool(written);
  const bodies: Record<string, Uint8Array<ArrayBuffer>> = {
    'old.zip': new Uint8Array(await oldZip(text)),
    'old.json': new TextEncoder().encode(text),
    'old.json.gz': new Uint8Array(gzipSync(text)),
  };
  for (const [file, body] of Object.entries(bodies)) {
    const sent = await put(file, body);
    const { data } = (await sent.json()) as {
      data: { state: string; fileName: string; warnings: string[]; type: string };
    };
    expect([file, sent.status, data.state]).toEqual([file, 201, 'accepted']);
    expect(data.warnings.join('\n')).toContain('data.systemSettings is missing');
    const { info } = (await person.client.backups.get.query({ id: data.fileName })).data;
    expect(info).toMatchObject({ kind: 'uploaded', metadata: { createdBy: expect.any(String) } });
    await spoil();
    await system.database.query(`UPDATE system_settings SET description = 'stays'`);
    const { system_settings: _, ...brought } = system.rows;
    expect((await restore(data.fileName))['tables']).toEqual(brought);
    // As documents: numbers inside jsonb have been through the old tool's doubles.
    const { systemSettings: __, ...after } = (await documentOf(await backUp())).data;
    for (const [key, rows] of Object.entries(after))
      expect([key, byId(rows)]).toEqual([key, byId(written.data[key] ?? [])]);
    const [stays] = await system.database.query(
      `SELECT count(*)::int AS n FROM system_settings WHERE description = 'stays'`,
    );
    expect(stays).toEqual({ n: system.rows['system_settings'] });
  }
});

test('a document with one wrong value is refused with the path to it, keeps no file, and changes nothing', async () => {
  const document = await documentOf(await backUp());
  const now = await contentOf(system.database);
  const files = await system.files();
  const [, second] = document.data['staff'] ?? [];
  if (second) second['gender'] = 'UNKNOWN';
  const refused = await readOutcome(await put('wrong.json', JSON.stringify(document)));
  expect(refused).toMatchObject({
    status: 409,
    code: 'ARCHIVE_INVALID',
    failure: { details: { path: 'data.staff[1].gender' } },
  });
  const [upload] = (await person.client.uploads.list.query({})).data.uploads;
  expect(upload).toMatchObject({ state: 'refused', archive: null, error: { code: 'ARCHIVE_INVALID' } });
  expect(await system.files()).toEqual(files);
  expect(await contentOf(system.database)).toEqual(now);
  const left = await system.database.query(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'restore%'`);
  expect(left).toEqual([]);
});

function byId(rows: Row[]): Row[] {
  return rows.toSorted((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1));
}

test('promise 3: while the folder of the backups is gone, nothing is listed or made, and all who watch are told', async () => {
  const name = await backUp();
  const { backupDir } = system.config;
  await rename(backupDir, `${backupDir}-aside`);
  try {
    const ready = await fetch(`${system.url}/readyz`);
    expect([ready.status, (await readOutcome(ready)).code]).toEqual([503, 'STORAGE_LOST']);
    await expect(backUp()).rejects.toMatchObject({ code: 'STORAGE_LOST' });
    expect((await readOutcome(await put('any.json', '{}'))).code).toBe('STORAGE_LOST');
    const { storage, troubles } = (await person.client.system.status.query()).data;
    expect([storage, troubles.map(({ code }) => code)]).toEqual([null, ['STORAGE_LOST']]);
    await expect(person.client.backups.list.query({})).rejects.toMatchObject({ code: 'STORAGE_LOST' });
  } finally {
    await rm(backupDir, { recursive: true, force: true });
    await rename(`${backupDir}-aside`, backupDir);
  }
  expect((await fetch(`${system.url}/readyz`)).status).toBe(200);
  const { items } = (await person.client.backups.list.query({})).data;
  expect(items.map(({ fileName }) => fileName)).toContain(name);
});
