import { choose, type DemoSql, type DemoTable, exactMoney, I, money, START, someAdmin, someone, when } from './sql.ts';
import { REMARKS } from './words.ts';

/** People listed in one month of pay; the whole palace would be one value of many megabytes. */
const PEOPLE_PER_PAYROLL = 50;
const PAYROLL_MONTHS = 24;

/** Returns the documents, two for each person. */
export function documentRows(sql: DemoSql, rows: number): DemoTable {
  const owner = '((i + 1) / 2)';
  const name = `'cv-' || i || '.pdf'`;
  return {
    table: 'documents',
    series: rows,
    columns: {
      id: sql.id('documents', I),
      staffId: sql.id('staff', owner),
      fileName: name,
      originalName: choose([['mod(i, 31) = 0', `'Ìwé ẹ̀rí "' || i || '", final (2).pdf'`]], `'CV ' || i || '.pdf'`),
      fileType: choose([['mod(i, 5) = 0', `'image/jpeg'`]], `'application/pdf'`),
      fileSize: `(20000 + ${sql.randomBelow('file size', I, 4_000_000)})::int`,
      filePath: `'documents/' || ${owner} || '/' || ${name}`,
      category: `${sql.pick('document', I, ['CV', 'OFFER_LETTER', 'CONTRACT', 'IDENTIFICATION', 'CERTIFICATE', 'OTHER'])}::"DocumentCategory"`,
      uploadedAt: sql.moment('uploaded', I, START, 1000),
    },
  };
}

export function auditRows(sql: DemoSql, rows: number, staff: number, admins: number): DemoTable {
  return {
    table: 'audit_trails',
    series: rows,
    columns: {
      id: sql.id('audit_trails', I),
      entityType: `${sql.pick('entity', I, ['STAFF', 'STAFF', 'SALARY', 'LOAN', 'ISSUE'])}::"EntityType"`,
      entityId: someone(sql, 'audit', staff),
      action: `${sql.pick('action', I, ['CREATE', 'UPDATE', 'UPDATE', 'UPDATE', 'DELETE'])}::"AuditAction"`,
      changes: choose(
        [
          ['mod(i, 997) = 1', `'null'::jsonb`],
          ['mod(i, 7) = 0', `'{}'::jsonb`],
          [
            'mod(i, 7) = 1',
            `jsonb_build_object('basicSalary', jsonb_build_object('old', ${money(sql, 'old', 80_000, 900_000)}, 'new', ${exactMoney(sql, 'new', 900_000)}))`,
          ],
        ],
        `jsonb_build_object('address', jsonb_build_object('old', NULL, 'new', ${sql.pick('audit text', I, REMARKS)}), 'isActive', jsonb_build_object('old', true, 'new', false))`,
      ),
      performedBy: someAdmin(sql, 'audit admin', admins),
      timestamp: sql.moment('audit', I, START, 1000),
    },
  };
}

/** Returns two years of monthly pay; each total is the sum of what is listed. */
export function payrollRows(sql: DemoSql, staff: number, admins: number): DemoTable {
  const people = Math.min(staff, PEOPLE_PER_PAYROLL);
  const net = `(90000 + 10 * mod(j * 7919 + i * 104729, 60000))`;
  const each = (value: string) => `(SELECT ${value} FROM generate_series(1::bigint, ${people}) AS j)`;
  return {
    table: 'payroll_schedules',
    series: PAYROLL_MONTHS,
    columns: {
      id: sql.id('payroll_schedules', I),
      month: '(1 + mod(i - 1, 12))::int',
      year: '(2024 + (i - 1) / 12)::int',
      staffData: `coalesce(${each(`jsonb_agg(jsonb_build_object('staffId', ${sql.id('staff', 'j')}, 'net', ${net} + 0.50) ORDER BY j)`)}, '[]'::jsonb)`,
      totalAmount: `coalesce(${each(`sum(${net} + 0.50)`)}, 0)`,
      generatedBy: someAdmin(sql, 'payroll', admins),
      generatedAt: `timestamp '2024-01-28 16:00:00.007' + (i - 1) * interval '1 month'`,
      pdfFilePath: when('mod(i, 6) <> 0', `'payroll/' || i || '.pdf'`),
      csvFilePath: when('mod(i, 4) <> 0', `'payroll/' || i || '.csv'`),
    },
  };
}

export function shareRows(sql: DemoSql, admins: number): DemoTable {
  return {
    table: 'shareable_links',
    series: 6,
    columns: {
      id: sql.id('shareable_links', I),
      shareId: sql.id('share', I),
      organogramData: choose(
        [
          ['i = 1', `'null'::jsonb`],
          ['i = 2', `'"a text"'::jsonb`],
          [
            'i = 3',
            `'{"depth": 1.10, "big": 12345678901234567890123, "name": "Ọba 👑", "empty": {}, "none": null}'::jsonb`,
          ],
        ],
        `jsonb_build_object('root', ${sql.id('staff', '1::bigint')}, 'nodes', jsonb_build_array(i, i + 1))`,
      ),
      createdBy: someAdmin(sql, 'share', admins),
      createdAt: sql.moment('share', I, '2025-01-01', 200),
      expiresAt: sql.moment('share end', I, '2026-01-01', 900),
      isActive: 'mod(i, 3) <> 0',
    },
  };
}

const SETTINGS = [
  'company.name',
  'company.motto',
  'payroll.day',
  'payroll.currency',
  'mail.from',
  'mail.host',
  'loan.limit',
  'loan.terms',
  'leave.days',
  'theme',
  'footer',
  'locale',
];

export function settingRows(sql: DemoSql, admins: number): DemoTable {
  const list = SETTINGS.map((key) => `'${key}'`).join(', ');
  return {
    table: 'system_settings',
    series: SETTINGS.length,
    columns: {
      id: sql.id('system_settings', I),
      key: `(ARRAY[${list}])[i]`,
      value: choose(
        [
          ['i = 1', `'OWU Palace'`],
          ['i = 2', `'Ẹ káàbọ̀ "all" \\ friends'`],
          ['i = 10', `''`],
        ],
        `'value ' || i`,
      ),
      description: when('mod(i, 2) = 0', `'Set by the installer'`),
      category: choose([['i <= 2', `'company'`]], `'general'`),
      updatedBy: someAdmin(sql, 'setting', admins),
      updatedAt: sql.moment('setting changed', I, '2025-01-01', 300),
      createdAt: sql.moment('setting', I, START, 100),
    },
  };
}
