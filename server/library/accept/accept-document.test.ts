import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { qualifiedName } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import { accepted, documentOf, HRMS, refusalOf } from '../../testing/json.fixture.ts';
import { restoreInto } from '../../testing/verbs.fixture.ts';
import { acceptJson } from './accept-document.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ template: 'hrms' });
});
afterAll(() => database[Symbol.asyncDispose]());

const emptied = () => database.query(`TRUNCATE ${HRMS.tables.map(quoteName).join(', ')}`);
const leftovers = async () =>
  (await database.query(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'restore%'`)).length;
const refusal = (file: string) => refusalOf(accepted(database, file));

test('promise 5: an event trigger that writes to tables of the document is met before anything is made', async () => {
  await using own = await testDatabase({ template: 'hrms' });
  await own.admin(`
    CREATE FUNCTION set_off() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$ BEGIN DELETE FROM public.categories; END $f$;
    CREATE EVENT TRIGGER "Set off" ON ddl_command_start EXECUTE FUNCTION set_off()`);
  await own.query(`INSERT INTO categories (id, name, type, "updatedAt") VALUES ('c', 'Court', 'DEPARTMENT', now())`);
  const before = await own.query('SELECT xmin, id FROM categories');
  expect(before).toHaveLength(1);
  const error = await rejection(accepted(own, documentOf({ categories: [] })));
  expect([error.code, error.hint]).toEqual(['RESTORE_REFUSED', expect.stringContaining('DISABLE')]);
  expect(await own.query('SELECT xmin, id FROM categories')).toEqual(before);
});

describe('an old backup of the HRMS', () => {
  const at = '2026-01-02T03:04:05.678Z';
  const admin = (id: string, createdBy: string | null) => ({
    id,
    email: `${id}@palace.example`,
    password: '$2b$10$x',
    fullName: id,
    role: 'SUPER_ADMIN',
    permissions: [],
    isActive: true,
    lastLogin: null,
    passwordChangedAt: at,
    passwordExpiresAt: null,
    mustChangePassword: false,
    createdBy,
    createdAt: at,
    updatedAt: at,
    createdByAdmin: createdBy ? { id: createdBy, fullName: 'somebody' } : null,
  });
  const person = (id: string, reportingManagerId: string | null) => ({
    id,
    employeeId: `E-${id}`,
    fullName: 'Adé "the\nfirst"',
    dateOfBirth: null,
    gender: 'MALE',
    maritalStatus: 'SINGLE',
    nationality: null,
    photo: null,
    address: null,
    personalEmail: null,
    workEmail: null,
    phoneNumbers: [],
    jobTitle: null,
    department: null,
    positionId: null,
    departmentId: 'c1',
    jobTypeId: null,
    reportingManagerId,
    dateOfJoining: at,
    employmentType: 'FULL_TIME',
    workLocation: null,
    emergencyContactName: null,
    emergencyContactRelationship: null,
    emergencyContactPhone: null,
    accountDetails: null,
    isExternallyPaid: false,
    isActive: true,
    createdAt: at,
    updatedAt: at,
    reportingManager: reportingManagerId ? { id: reportingManagerId, phoneNumbers: ['1'] } : null,
    subordinates: [{ id: 'x' }],
    position: null,
    departmentCategory: { id: 'c1', name: 'Court' },
    jobType: null,
  });
  const audit = {
    id: 't1',
    entityType: 'STAFF',
    entityId: 's1',
    action: 'UPDATE',
    changes: null,
    performedBy: 'a2',
    timestamp: at,
    admin: { id: 'a2' },
  };
  const file = {
    id: 'd1',
    staffId: 's1',
    fileName: 'cv.pdf',
    originalName: 'CV.pdf',
    fileType: 'application/pdf',
    fileSize: 12,
    filePath: 'documents/cv.pdf',
    category: 'CV',
    uploadedAt: at,
    staff: { id: 's1' },
  };
  const loan = {
    id: 'l1',
    staffId: 's2',
    amount: '1500.5',
    reason: 'roof',
    repaymentTerms: 12,
    monthlyDeduction: '125',
    status: 'APPROVED',
    approvedDate: at,
    startDate: null,
    outstandingBalance: '1500.5',
    installmentsPaid: 0,
    statusComments: null,
    updatedBy: 'a1',
    isPaused: false,
    pausedAt: null,
    pauseReason: null,
    createdAt: at,
    updatedAt: at,
    staff: { id: 's2' },
    updatedByAdmin: { id: 'a1' },
  };
  // Rows before the rows they refer to, two administrators who made each other, a manager who is his own.
  const data = {
    documents: [file],
    auditTrails: [audit],
    loans: [loan],
    staff: [person('s1', 's2'), person('s2', 's3'), person('s3', 's3')],
    admins: [admin('a1', 'a2'), admin('a2', 'a1')],
    categories: [
      { id: 'c1', name: 'Court', type: 'DEPARTMENT', description: null, isActive: true, createdAt: at, updatedAt: at },
    ],
  };
  const metadata = {
    version: '1.0.0',
    timestamp: '2026-01-03T00:00:00.000Z',
    databaseUrl: 'postgresql://u:secret@host:5432/hrms?schema=public',
    totalRecords: 9,
    backupId: '1f2e3d4c-0000-4000-8000-000000000000',
    createdBy: 'admin@palace.example',
    tables: { staff: 3, documents: 1 },
    environment: 'production',
    nodeVersion: 'v20.1.0',
    platform: 'linux',
  };

  test('restores although its rows are in hostile order, and says which tables it does not hold', async () => {
    await emptied();
    await database.query(
      `INSERT INTO system_settings (id, key, value, "updatedBy", "updatedAt") VALUES ('k', 'k', 'stays', 'x', now())`,
    );
    const made = await accepted(database, JSON.stringify({ metadata, data }, null, 2));
    expect(made.manifest.metadata).toEqual({
      ...metadata,
      databaseUrl: 'postgres://host:5432/hrms',
      tables: undefined,
      environment: undefined,
      nodeVersion: undefined,
      platform: undefined,
    } as never);
    expect(made.missing.sort()).toEqual([
      'issueComments',
      'issues',
      'loanRepayments',
      'payrollSchedules',
      'salaryStructures',
      'shareableLinks',
      'systemSettings',
    ]);
    expect(made.warnings.join('\n')).toContain(
      'data.systemSettings is missing: public.system_settings is not in this backup',
    );
    expect(made.warnings.filter((warning) => warning.startsWith('metadata.'))).toEqual([]);
    await restoreInto(database, made);
    expect(
      await database.query(
        `SELECT id, "reportingManagerId" AS manager, "fullName", "phoneNumbers" AS phones, "createdAt"::text AS at FROM staff ORDER BY id`,
      ),
    ).toEqual(
      ['s2', 's3', 's3'].map((manager, index) => ({
        id: `s${index + 1}`,
        manager,
        fullName: 'Adé "the\nfirst"',
        phones: [],
        at: '2026-01-02 03:04:05.678',
      })),
    );
    expect(await database.query(`SELECT "createdBy" FROM admins ORDER BY id`)).toEqual([
      { createdBy: 'a2' },
      { createdBy: 'a1' },
    ]);
    expect(await database.query(`SELECT jsonb_typeof(changes) AS type FROM audit_trails`)).toEqual([{ type: 'null' }]);
    expect(await database.query(`SELECT amount::text, "monthlyDeduction"::text AS monthly FROM loans`)).toEqual([
      { amount: '1500.50', monthly: '125.00' },
    ]);
    expect(await database.query(`SELECT value FROM system_settings`)).toEqual([{ value: 'stays' }]);
    expect(await database.query(`SELECT "fileName" FROM documents`)).toEqual([{ fileName: 'cv.pdf' }]);
  });

  test('that says other numbers of itself than it holds is accepted with a warning', async () => {
    const said = {
      ...metadata,
      totalRecords: 10,
      tables: { staff: 4, documents: 1 },
      timestamp: 'yesterday',
      backupId: 5,
    };
    const made = await accepted(database, JSON.stringify({ metadata: said, data }));
    expect(made.warnings).toContain('metadata.totalRecords says 10 rows, the document holds 9.');
    expect(made.warnings).toContain('metadata.tables says 4 rows of staff, the document holds 3.');
    expect(made.warnings.join()).toContain('does not say when it was made');
  });

  describe('with a value that only PostgreSQL knows to be wrong is refused with the path to it:', () => {
    const cases: [what: string, path: string, data: Record<string, object[]>][] = [
      [
        'an enum label',
        'data.staff[1].gender',
        { staff: [person('s1', null), { ...person('s2', null), gender: 'UNKNOWN' }] },
      ],
      [
        'an amount beyond the column',
        'data.loans[2].amount',
        { loans: [loan, loan, { ...loan, amount: '123456789.00' }] },
      ],
      ['a number beyond 32 bits', 'data.loans[0].repaymentTerms', { loans: [{ ...loan, repaymentTerms: 4294967296 }] }],
      [
        'a day that no calendar has',
        'data.loans[0].startDate',
        { loans: [{ ...loan, startDate: '2026-02-30T00:00:00.000Z' }] },
      ],
      [
        'a NUL character inside jsonb',
        'data.auditTrails[0].changes',
        { auditTrails: [{ ...audit, changes: { a: '\0' } }] },
      ],
      [
        'half a surrogate pair inside jsonb',
        'data.auditTrails[0].changes',
        { auditTrails: [{ ...audit, changes: ['\ud800'] }] },
      ],
      [
        'lists of unequal length',
        'data.staff[0].phoneNumbers',
        { staff: [{ ...person('s1', null), phoneNumbers: [['a'], ['b', 'c']] }] },
      ],
      ['by its other name', 'data.documents[0].category', { documents: [{ ...file, category: 'SELFIE' }] }],
    ];
    for (const [what, path, rows] of cases)
      test(what, async () => {
        expect(await refusal(documentOf(rows as Record<string, unknown[]>))).toMatchObject({
          code: 'ARCHIVE_INVALID',
          path,
        });
        expect(await leftovers()).toBe(0);
      });

    test('in the middle of many batches', async () => {
      const long = 'x'.repeat(3000);
      const rows = Array.from({ length: 2000 }, (_, index) => ({
        ...loan,
        id: `l${index}`,
        reason: `${long}\n\\.\t`,
        status: index === 1234 ? 'LOST' : 'PENDING',
      }));
      expect(await refusal(documentOf({ admins: [], loans: rows }))).toMatchObject({
        code: 'ARCHIVE_INVALID',
        path: 'data.loans[1234].status',
      });
    });
  });

  test('no refusal of PostgreSQL repeats the value', async () => {
    const found = await refusal(documentOf({ loans: [{ ...loan, amount: '999999999.99' }] }));
    expect(JSON.stringify(found)).not.toContain('999999999');
  });

  test('rows that lack a column with a default get it, with a warning; one without a default is missed', async () => {
    await emptied();
    const { isPaused: _, pauseReason: __, staff: ___, ...older } = loan;
    const made = await accepted(
      database,
      documentOf({ loans: [older], staff: [person('s2', null)], admins: data.admins, categories: data.categories }),
    );
    expect(made.warnings.join('\n')).toContain('data.loans has no isPaused');
    const restored = await restoreInto(database, made);
    expect(restored.warnings.join('\n')).toContain('public.loans.isPaused is not in the backup');
    expect(await database.query('SELECT "isPaused", "pauseReason" FROM loans')).toEqual([
      { isPaused: false, pauseReason: null },
    ]);
    const { amount: ____, ...poor } = loan;
    expect(await refusal(documentOf({ loans: [poor] }))).toMatchObject({
      code: 'ARCHIVE_INVALID',
      path: 'data.loans[0].amount',
    });
  });

  test('that is cancelled half-way leaves no private table and no connection', async () => {
    const stop = new AbortController();
    const endless = async function* () {
      yield new TextEncoder().encode('{"metadata":{},"data":{"loans":[');
      for (let index = 0; ; index++) {
        if (index === 500) stop.abort();
        yield new TextEncoder().encode(
          `${index > 0 ? ',' : ''}${JSON.stringify({ ...loan, id: `l${index}`, reason: 'x'.repeat(10_000) })}`,
        );
      }
    };
    const work = acceptJson(
      {
        databaseUrl: database.url,
        model: HRMS,
        now: () => new Date(),
        newId: () => crypto.randomUUID(),
        application: { name: 'a', version: '1' },
        lockGiveUpMs: 1000,
      },
      {
        document: { kind: 'json', size: null, bytes: endless },
        label: 'a test',
        sink: { write: async () => undefined },
        operationId: crypto.randomUUID(),
        acceptedBy: 'a test',
        compression: 'deflate',
      },
      { signal: stop.signal, onProgress: () => undefined },
    );
    await expect(work).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await leftovers()).toBe(0);
  });

  test('a document without a single row makes an archive that empties the tables it names', async () => {
    const made = await accepted(database, documentOf({ loans: [] }));
    expect(made.manifest.tables.map(qualifiedName)).toEqual(['public.loans']);
    await restoreInto(database, made);
    expect(await database.query('SELECT FROM loans')).toEqual([]);
  });
});
