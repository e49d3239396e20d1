import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { AuditFilter } from '../security/audit/audit.ts';
import type { AuditRow } from '../security/audit/audit-row.ts';
import { until } from '../testing/until.fixture.ts';
import { csvLine } from './audit-csv.ts';
import { asCaller, filesServer } from './files.fixture.ts';

const ROW: AuditRow = {
  id: 1,
  at: new Date('2026-11-23T09:00:00.123Z'),
  actor: '=HYPERLINK("http://evil","x")',
  address: '127.0.0.1',
  action: 'backups.create',
  outcome: 'allowed',
  code: null,
  target: 'a, "b"\nc',
  operationId: null,
  requestId: 'r-1',
  details: { rows: 5 },
  previousHash: '00',
  hash: 'ff',
};

/** Parses a line strictly by RFC 4180. */
function parseLine(line: string): string[] {
  const cells: string[] = [];
  const cell = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n$)/y;
  for (let match = cell.exec(line); match; match = cell.lastIndex < line.length ? cell.exec(line) : null) {
    const [, text = ''] = match;
    cells.push(text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text);
  }
  return cells;
}

test('csvLine() gives every cell back, and starts none as a formula', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.constantFrom('=1+1', '+1', '-1', '@x', '\t=1', ' =1', '＝1', '"', ',', '\r\n'),
        ),
        { minLength: 1 },
      ),
      (cells) => {
        const back = parseLine(csvLine(cells));
        expect(back.length).toBe(cells.length);
        for (const [index, cell] of cells.entries()) {
          expect([cell, `'${cell}`]).toContain(back[index] ?? '');
          expect(back[index]).not.toMatch(/^\s*[=+\-@\t\r\n＝＋－＠]/);
        }
      },
    ),
  );
});

test('GET /api/audit.csv streams what the filter leaves, for those alone who may read the audit', async () => {
  const asked: AuditFilter[] = [];
  let given = 0;
  let over = 0;
  let rows = 2;
  await using server = await filesServer({
    audit: {
      append: async () => undefined,
      rows: async function* (filter) {
        asked.push(filter);
        try {
          for (let id = 1; id <= rows; id++, given++) yield { ...ROW, id };
        } finally {
          over += 1;
        }
      },
    },
  });
  const get = (query: string, headers = asCaller(['audit:read']), signal = new AbortController().signal) =>
    fetch(`${server.url}/api/audit.csv${query}`, { headers, signal });

  const response = await get('?outcome=allowed&from=2026-11-23T09:00:00Z');
  expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
  expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="audit_\d{4}-\d\d-\d\d\.csv"$/);
  const text = await response.text();
  expect(text.split('\r\n')[0]).toBe(
    'id,at,actor,address,action,outcome,code,target,operationId,requestId,details,previousHash,hash',
  );
  expect(text).toContain(
    `1,2026-11-23T09:00:00.123Z,"'=HYPERLINK(""http://evil"",""x"")",127.0.0.1,backups.create,allowed,,"a, ""b""\nc",,r-1,"{""rows"":5}",00,ff\r\n`,
  );
  expect(asked).toEqual([{ outcome: 'allowed', from: new Date('2026-11-23T09:00:00Z') }]);

  const words = ['actor', 'action', 'outcome', 'code', 'target', 'operationId', 'address', 'search', 'from', 'to'];
  const hostile = ['%00', 'a%00b', '%0a', 'x'.repeat(601), ''].flatMap((value) =>
    words.map((word) => `?${word}=${value}`),
  );
  for (const bad of ['?from=yesterday', '?outcome=maybe', '?nonsense=1', ...hostile])
    expect([bad, (await get(bad)).status]).toEqual([bad, 400]);
  expect([(await get('', {})).status, (await get('', asCaller(['backups:read']))).status]).toEqual([401, 403]);

  rows = 10_000_000;
  const abort = new AbortController();
  const endless = await get('', asCaller(), abort.signal);
  await endless.body?.getReader().read();
  abort.abort();
  await until(
    'nothing is read any more',
    async () => over,
    (count) => count === 2,
  );
  expect(given).toBeLessThan(rows);
});
