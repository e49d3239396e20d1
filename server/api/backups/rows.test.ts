import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { EventSource } from 'eventsource';
import fc from 'fast-check';
import { fillDemo } from '../../../db/hrms/demo/demo.ts';
import { HRMS_POLICY } from '../../../db/hrms/policy.ts';
import { quoteIdent } from '../../../db/model/quote.ts';
import { type BackupClient, createBackupClient, type SearchQuery, type SearchStep } from '../../client/client.ts';
import { answeredCode } from '../../testing/answered.fixture.ts';
import { until } from '../../testing/until.fixture.ts';
import { clientWith, type TestServer, testServer } from '../server.fixture.ts';
import { readOutcome } from '../wire.fixture.ts';

const ARCHIVE = 'looked-into.zip';

let server: TestServer;
let admin: { id: string; email: string };
let client: BackupClient;
/** Responses of the server, exactly as sent. */
let sent: string[] = [];

const as = (cookie: string) =>
  createBackupClient({
    url: server.url,
    EventSource,
    async fetch(url, init) {
      const headers = { ...Object.fromEntries(new Headers(init.headers)), cookie };
      const response = await fetch(url, { ...init, headers });
      if (!url.includes('operations.progress')) sent.push(await response.clone().text());
      return response;
    },
  });
const recorded = async () => (await client.audit.list.query({ action: 'backups.reveal', limit: 100 })).data.rows;

beforeAll(async () => {
  server = await testServer();
  await fillDemo(server.database.url, { staff: 60, seed: 3 });
  admin = await server.admin('SUPER_ADMIN');
  client = as(await server.session(admin.id, { steppedUp: true }));
  const { operation } = (await client.backups.create.mutate({ name: 'looked-into', verify: false })).data;
  await client.wait(operation.id);
});
afterAll(() => server[Symbol.asyncDispose]());

/** Returns the values of a column that occur in no other text. */
async function valuesOf(table: string, column: string): Promise<string[]> {
  const rows = await server.database.query(
    `SELECT DISTINCT ${quoteIdent(column)}::text AS value FROM ${quoteIdent(table)} WHERE length(${quoteIdent(column)}::text) >= 8`,
  );
  return rows.map((row) => String(row['value']));
}

describe('backups.rows', () => {
  test('shows ordinary columns of every table, and nothing of a hidden column is in what the server sends', async () => {
    sent = [];
    for (const { table } of Object.values(HRMS_POLICY)) {
      const { data } = await client.backups.rows.query({ id: ARCHIVE, table, limit: 200 });
      expect([table, data.rows.length]).toEqual([table, Math.min(200, data.chunks[0] ?? 0)]);
      for (const row of data.rows)
        for (const [column, { hidden }] of data.columns.entries()) if (hidden) expect(row[column]).toBeNull();
    }
    const wire = sent.join('\n');
    expect(wire).toContain('"fullName"');
    // A job's title may equal a category's name.
    const ordinary = new Set<string>();
    const hidden: string[] = [];
    for (const { table, columns } of Object.values(HRMS_POLICY))
      for (const [column, sensitivity] of Object.entries(columns))
        for (const value of await valuesOf(table, column))
          if (sensitivity === 'ordinary') ordinary.add(value);
          else hidden.push(value);
    const kept = hidden.filter((value) => !ordinary.has(value));
    expect(kept.length).toBeGreaterThan(500);
    expect(kept.filter((value) => wire.includes(JSON.stringify(value).slice(1, -1)))).toEqual([]);
  });

  test('is found by id as well, paged and searched in what is shown', async () => {
    const { info } = (await client.backups.get.query({ id: ARCHIVE })).data;
    const id = info.metadata?.backupId ?? '';
    const all = (await client.backups.rows.query({ id, table: 'categories', limit: 200 })).data;
    const one = (await client.backups.rows.query({ id: ARCHIVE, table: 'public.categories', offset: 2, limit: 1 }))
      .data;
    expect(one.rows).toEqual(all.rows.slice(2, 3));
    expect(one.table).toBe('categories');
    const name = String(one.rows[0]?.[all.columns.findIndex((column) => column.name === 'name')]);
    const found = (await client.backups.rows.query({ id, table: 'categories', search: name.toUpperCase() })).data;
    expect(found.rows).toContainEqual(one.rows[0] ?? []);
    const [person] = await valuesOf('staff', 'fullName');
    expect((await client.backups.rows.query({ id, table: 'staff', search: person ?? '' })).data.matched).toBe(0);
  });

  test('leaves no audit row, and names what is not there', async () => {
    expect(await answeredCode(client.backups.rows.query({ id: 'none.zip', table: 'staff' }))).toBe('NOT_FOUND');
    expect(await answeredCode(client.backups.rows.query({ id: ARCHIVE, table: 'nothing' }))).toBe('NOT_FOUND');
    expect(await answeredCode(client.backups.rows.query({ id: ARCHIVE, table: 'staff', chunk: 2 }))).toBe('NOT_FOUND');
    expect((await client.audit.list.query({ action: 'backups.rows' })).data.rows).toEqual([]);
  });

  test('refuses or answers whatever page is asked for, and never fails', async () => {
    const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-1, 0, 1, 200, 201, 2 ** 31, 2 ** 53, 1e308));
    const search = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom('%', '_', '\\', '.*', '(', '', '\0', '\ud800'),
    );
    const input = fc.record(
      {
        chunk: number,
        offset: number,
        limit: number,
        search,
        table: fc.constantFrom('staff', '__proto__', 'a\0', 'constructor'),
      },
      { requiredKeys: ['table'] },
    );
    await fc.assert(
      fc.asyncProperty(input, async (given) => {
        const code = await answeredCode(client.backups.rows.query({ id: ARCHIVE, ...given }));
        expect([null, 'INPUT_INVALID', 'NOT_FOUND']).toContain(code);
      }),
      { numRuns: 150 },
    );
  });
});

/** Runs the call while nothing can be recorded. */
async function withoutAudit<Result>(call: () => Promise<Result>): Promise<Result> {
  const { audit } = server.parts;
  const { append } = audit;
  audit.append = async () => {
    throw new Error('the database is away');
  };
  try {
    return await call();
  } finally {
    audit.append = append;
  }
}

describe('backups.reveal', () => {
  const wanted = { id: ARCHIVE, table: 'staff', columns: ['fullName', 'accountDetails'] };

  test('shows the columns it is given, and leaves a row that names them and not what was searched for', async () => {
    const [person = ''] = await valuesOf('staff', 'fullName');
    const { data } = await client.backups.reveal.mutate({ ...wanted, search: person, limit: 5 });
    const column = data.columns.findIndex(({ name }) => name === 'fullName');
    expect(data.rows.map((row) => row[column])).toContain(person);
    expect(data.columns.flatMap(({ name, hidden }) => (hidden ? [] : [name]))).toContain('accountDetails');
    expect(data.columns.find(({ name }) => name === 'personalEmail')?.hidden).toBe(true);
    const [row] = await recorded();
    expect(row).toMatchObject({
      actor: admin.email,
      outcome: 'allowed',
      target: ARCHIVE,
      details: { table: 'staff', columns: wanted.columns, chunk: 1, offset: 0, rows: data.rows.length, searched: true },
    });
    expect(JSON.stringify(row)).not.toContain(person);
  });

  test('is recorded with all its columns however often one is named, and refused where the record could not name them', async () => {
    const named = (times: number) => ({ ...wanted, limit: 1, columns: Array<string>(times).fill('fullName') });
    await client.backups.reveal.mutate(named(1000));
    const [row] = await recorded();
    expect(row?.details).toMatchObject({ table: 'staff', columns: ['fullName'], rows: 1 });
    sent = [];
    expect(await answeredCode(client.backups.reveal.mutate(named(1700)))).toBe('INPUT_INVALID');
    const long = Array.from({ length: 1500 }, (_, index) => `column ${index} of many`);
    expect(await answeredCode(client.backups.reveal.mutate({ ...wanted, columns: ['fullName', ...long] }))).toBe(
      'INPUT_INVALID',
    );
    for (const person of await valuesOf('staff', 'fullName')) expect(sent.join()).not.toContain(person);
  });

  test('asks for the password again, and for the right to download; a secret column is shown to nobody', async () => {
    const again = as(await server.session(admin.id));
    expect(await answeredCode(again.backups.reveal.mutate(wanted))).toBe('STEP_UP_REQUIRED');
    const { token } = (
      await client.tokens.create.mutate({ name: 'looker', scopes: ['backups:read'], expiresInDays: 1 })
    ).data;
    const reader = createBackupClient({ url: server.url, token });
    expect((await reader.backups.rows.query({ id: ARCHIVE, table: 'staff', limit: 1 })).data.rows).toHaveLength(1);
    expect(await answeredCode(reader.backups.reveal.mutate(wanted))).toBe('FORBIDDEN');
    sent = [];
    const secrets = { id: ARCHIVE, table: 'admins', columns: ['email', 'password'] };
    expect(await answeredCode(client.backups.reveal.mutate(secrets))).toBe('FORBIDDEN');
    expect(await answeredCode(client.backups.reveal.mutate({ ...wanted, columns: ['nothing'] }))).toBe('INPUT_INVALID');
    expect(sent.join()).not.toContain('@owu');
    expect((await recorded()).slice(0, 4).map(({ outcome, code }) => [outcome, code])).toEqual([
      ['failed', 'INPUT_INVALID'],
      ['denied', 'FORBIDDEN'],
      ['denied', 'FORBIDDEN'],
      ['denied', 'STEP_UP_REQUIRED'],
    ]);
  });

  test('shows nothing when it cannot be recorded', async () => {
    sent = [];
    expect(await withoutAudit(() => answeredCode(client.backups.reveal.mutate(wanted)))).toBe('DATABASE_UNREACHABLE');
    for (const person of await valuesOf('staff', 'fullName')) expect(sent.join()).not.toContain(person);
    expect(await answeredCode(client.backups.reveal.mutate(wanted))).toBeNull();
  });
});

describe('backups.find and backups.findPeople', () => {
  const searched = async (query: Partial<SearchQuery> & { text: string }, people = false, by = client) => {
    const steps: SearchStep[] = [];
    for await (const step of by.search({ id: ARCHIVE, ...query }, { people })) steps.push(step);
    return steps;
  };
  const hitsOf = (steps: SearchStep[]) => steps.flatMap(({ hits }) => hits);
  const rowsOf = async (action: string) => (await client.audit.list.query({ action, limit: 100 })).data.rows;

  test('find a row in whatever table it is, to be looked at where it is told to be', async () => {
    const [staffId = ''] = await valuesOf('loans', 'staffId');
    const steps = await searched({ text: staffId.toUpperCase(), limit: 500 });
    const hits = hitsOf(steps);
    expect(new Set(hits.map(({ table }) => table)).size).toBeGreaterThan(2);
    for (const { table, chunk, row, cells } of hits) {
      const page = (await client.backups.rows.query({ id: ARCHIVE, table, chunk, offset: row - 1, limit: 1 })).data;
      for (const { column, value } of cells)
        expect(page.rows[0]?.[page.columns.findIndex(({ name }) => name === column)]).toBe(value);
      expect(cells.filter(({ matched }) => matched).map(({ value }) => value)).toContain(staffId);
    }
    expect(steps.at(-1)).toMatchObject({ end: 'complete', next: null });
    expect(hitsOf(await searched({ text: staffId, tables: ['loans'] })).every(({ table }) => table === 'loans')).toBe(
      true,
    );
  });

  test('find nothing in hidden columns, and send nothing of them; with the password they find people', async () => {
    const people = (await valuesOf('staff', 'fullName')).slice(0, 5);
    expect(people.length).toBe(5);
    sent = [];
    for (const person of people) expect(hitsOf(await searched({ text: person }))).toEqual([]);
    for (const text of ['1', 'a', '$2'])
      for (const { cells } of hitsOf(await searched({ text, limit: 500 })))
        for (const { column } of cells)
          expect(['fullName', 'email', 'password', 'accountDetails']).not.toContain(column);
    expect(people.filter((person) => sent.join().includes(person))).toEqual([]);
    for (const person of people) {
      const found = hitsOf(await searched({ text: person }, true));
      expect(found.flatMap(({ cells }) => cells.map(({ value }) => value))).toContain(person);
    }
    expect(
      hitsOf(await searched({ text: '$2' }, true)).flatMap(({ cells }) => cells.map(({ column }) => column)),
    ).not.toContain('password');
  });

  test('leave a row that names backup and tables, and not what was searched for', async () => {
    const [person = ''] = await valuesOf('staff', 'fullName');
    await searched({ text: person }, true);
    await searched({ text: person, tables: ['staff', 'loans'] });
    const [people] = await rowsOf('backups.findPeople');
    const [ordinary] = await rowsOf('backups.find');
    expect(people).toMatchObject({ outcome: 'allowed', target: ARCHIVE, details: { tables: 'all', people: true } });
    expect(ordinary).toMatchObject({ outcome: 'allowed', details: { tables: ['staff', 'loans'], people: false } });
    expect(JSON.stringify([people, ordinary])).not.toContain(person);
  });

  test('show no people when it cannot be recorded, and to nobody who has not given the password', async () => {
    const [person = ''] = await valuesOf('staff', 'fullName');
    const again = as(await server.session(admin.id));
    expect(await answeredCode(searched({ text: person }, true, again))).toBe('STEP_UP_REQUIRED');
    sent = [];
    expect(await withoutAudit(() => answeredCode(searched({ text: person }, true)))).toBe('DATABASE_UNREACHABLE');
    expect(sent.join()).not.toContain(person);
  });

  test('name what is not there, and refuse what cannot be meant', async () => {
    expect(await answeredCode(searched({ text: 'a', tables: ['nowhere'] }))).toBe('NOT_FOUND');
    expect(await answeredCode(searched({ id: 'none.zip', text: 'a' }))).toBe('NOT_FOUND');
    for (const text of ['', '\0', '\ud800', 'a'.repeat(201)])
      expect(await answeredCode(searched({ text }))).toBe('INPUT_INVALID');
    expect(await answeredCode(searched({ text: 'a', from: { chunks: -1, rows: 0 } }))).toBe('INPUT_INVALID');
    // A client that accepts no stream is refused before anything begins.
    const answer = await fetch(`${server.url}/trpc/backups.find`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: await server.session(admin.id) },
      body: JSON.stringify({ id: ARCHIVE, text: 'a' }),
    });
    expect((await readOutcome(answer)).code).toBe('INPUT_INVALID');
  });

  test('end when their client leaves', async () => {
    const leaving = clientWith(server, { cookie: await server.session(admin.id) });
    // Each search that did not end would occupy one of two places.
    for (let times = 0; times < 6; times++) {
      const control = new AbortController();
      for await (const { of } of leaving.search({ id: ARCHIVE, text: 'a' }, { signal: control.signal })) {
        expect(of).toBeGreaterThan(5);
        if (times % 2 === 0) control.abort();
        break;
      }
    }
    await until(
      'both places are free',
      () => answeredCode(searched({ text: 'nobody has this' }, false, leaving)),
      (code) => code === null,
    );
  });
});
