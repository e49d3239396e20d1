import { category } from './demo-categories.ts';
import { choose, type DemoSql, type DemoTable, hostile, I, START, when } from './demo-sql.ts';
import { REASONS, REMARKS, TITLES } from './demo-words.ts';

/** What a month of pay lists by person; the whole palace would be one value of many megabytes. */
const PEOPLE_PER_PAYROLL = 50;
const PAYROLL_MONTHS = 24;

const someone = (sql: DemoSql, purpose: string, staff: number) => sql.id('staff', `(1 + ${sql.roll(purpose, I, staff)})`);
const someAdmin = (sql: DemoSql, purpose: string, admins: number) => sql.id('admins', `(1 + ${sql.roll(purpose, I, admins)})`);
/** Whole hundreds of naira: two zeros after the point in every numeric. */
const money = (sql: DemoSql, purpose: string, from: number, to: number) => `(${from} + 100 * ${sql.roll(purpose, I, Math.floor((to - from) / 100))})`;
/** With kobo, and so sometimes a trailing zero. */
const exactMoney = (sql: DemoSql, purpose: string, to: number) => `(${sql.roll(purpose, I, to * 100)} / 100.00)`;

/** Everybody has one, some have older ones. */
export function salaryRows(sql: DemoSql, rows: number, staff: number): DemoTable {
  return {
    table: 'salary_structures',
    series: rows,
    columns: {
      id: sql.id('salary_structures', I),
      staffId: choose([[`i <= ${staff}`, sql.id('staff', I)]], someone(sql, 'salary', staff)),
      basicSalary: money(sql, 'basic', 80_000, 1_500_000),
      housingAllowance: money(sql, 'housing', 0, 300_000),
      transportAllowance: choose([['mod(i, 4) = 0', '0']], exactMoney(sql, 'transport', 60_000)),
      medicalAllowance: exactMoney(sql, 'medical', 40_000),
      otherAllowances: choose(
        [
          ['mod(i, 503) = 1', `'null'::jsonb`],
          ['mod(i, 503) = 2', `'[{"name": "Long \\u0041 \\\\ \\"quoted\\"", "amount": 12345678901234567890.10}, null, {}]'::jsonb`],
          ['mod(i, 3) = 0', `jsonb_build_array(jsonb_build_object('name', 'Wardrobe', 'amount', ${exactMoney(sql, 'wardrobe', 20_000)}))`],
        ],
        `'[]'::jsonb`,
      ),
      taxDeduction: exactMoney(sql, 'tax', 90_000),
      pensionDeduction: exactMoney(sql, 'pension', 50_000),
      loanDeduction: '0',
      otherDeductions: choose([['mod(i, 9) = 0', `'[{"name": "Cooperative", "amount": 2500}]'::jsonb`]], `'[]'::jsonb`),
      effectiveDate: `date_trunc('month', ${sql.moment('effective', I, START, 900)})`,
      isActive: `i <= ${staff}`,
      createdAt: sql.moment('salary', I, START, 900),
      updatedAt: sql.moment('salary changed', I, '2025-06-01', 100),
    },
  };
}

const loanStatus = (sql: DemoSql) => sql.pick('loan status', I, ['PENDING', 'APPROVED', 'APPROVED', 'APPROVED', 'COMPLETED', 'COMPLETED', 'REJECTED', 'APPROVED']);
const loanTerms = (sql: DemoSql) => `(3 + ${sql.roll('loan terms', I, 10)})::int`;
const loanMonthly = (sql: DemoSql) => money(sql, 'loan monthly', 5_000, 80_000);
/** Completed loans are paid in full, approved ones in part; the repayments agree with it. */
const loanPaid = (sql: DemoSql) => choose([[`${loanStatus(sql)} = 'COMPLETED'`, loanTerms(sql)], [`${loanStatus(sql)} = 'APPROVED'`, `${sql.roll('loan paid', I, loanTerms(sql))}::int`]], '0');

/** Amounts, instalments and balances agree with each other. */
export function loanRows(sql: DemoSql, rows: number, staff: number, admins: number): DemoTable {
  const decided = `${loanStatus(sql)} <> 'PENDING'`;
  return {
    table: 'loans',
    series: rows,
    columns: {
      id: sql.id('loans', I),
      staffId: someone(sql, 'loan', staff),
      amount: `${loanTerms(sql)} * ${loanMonthly(sql)}`,
      reason: choose([['mod(i, 113) = 1', hostile(113)]], sql.pick('reason', I, REASONS)),
      repaymentTerms: loanTerms(sql),
      monthlyDeduction: loanMonthly(sql),
      status: `${loanStatus(sql)}::"LoanStatus"`,
      approvedDate: when(decided, sql.moment('loan decided', I, '2024-01-01', 300)),
      startDate: when(`${loanStatus(sql)} IN ('APPROVED', 'COMPLETED')`, `date_trunc('month', ${sql.moment('loan decided', I, '2024-01-01', 300)}) + interval '1 month'`),
      outstandingBalance: `(${loanTerms(sql)} - (${loanPaid(sql)})) * ${loanMonthly(sql)}`,
      installmentsPaid: loanPaid(sql),
      statusComments: when(sql.chance('loan comment', I, 20), sql.pick('loan remark', I, REMARKS)),
      updatedBy: when(decided, someAdmin(sql, 'loan admin', admins)),
      isPaused: 'mod(i, 40) = 0',
      pausedAt: when('mod(i, 40) = 0', sql.moment('paused', I, '2025-01-01', 200)),
      pauseReason: when('mod(i, 40) = 0', `'On leave'`),
      createdAt: sql.moment('loan', I, START, 360),
      updatedAt: sql.moment('loan changed', I, '2025-01-01', 300),
    },
  };
}

/** One row per instalment paid. */
export function repaymentRows(sql: DemoSql, loans: number): DemoTable {
  const row = '(i * 100 + p)';
  return {
    table: 'loan_repayments',
    series: loans,
    from: `generate_series(1, ${loanPaid(sql)}) AS p`,
    columns: {
      id: sql.id('loan_repayments', row),
      loanId: sql.id('loans', I),
      amount: loanMonthly(sql),
      paymentDate: `date_trunc('month', ${sql.moment('loan decided', I, '2024-01-01', 300)}) + p * interval '1 month'`,
      paymentMethod: choose([['mod(i, 13) = 0', `'CASH'`]], `'SALARY_DEDUCTION'`),
      notes: choose([['mod(i, 17) = 0', `''`], ['mod(i, 17) = 1', sql.pick('repayment note', I, REMARKS)]], 'NULL'),
      createdAt: `date_trunc('month', ${sql.moment('loan decided', I, '2024-01-01', 300)}) + p * interval '1 month' + interval '8 hours 15 minutes 0.042 seconds'`,
    },
  };
}

export function issueRows(sql: DemoSql, rows: number, staff: number, admins: number): DemoTable {
  const kinds = ['WORKPLACE_CONFLICT', 'PAYROLL_DISCREPANCY', 'POLICY_VIOLATION', 'PERFORMANCE_ISSUE', 'ATTENDANCE_ISSUE', 'OTHER'];
  return {
    table: 'issues',
    series: rows,
    columns: {
      id: sql.id('issues', I),
      ticketNumber: `'ISS-' || lpad(i::text, 8, '0')`,
      staffId: when('mod(i, 10) <> 0', someone(sql, 'issue', staff)),
      categoryId: when('mod(i, 3) <> 0', category(sql, 'issue category', 'ISSUE_CATEGORY')),
      category: `${sql.pick('issue kind', I, kinds)}::"IssueCategory"`,
      title: sql.pick('issue title', I, TITLES),
      description: choose([['mod(i, 53) = 1', hostile(53)]], `${sql.pick('issue text', I, REMARKS)} || E'\\n\\n' || repeat('It happened again. ', ${sql.roll('issue length', I, 12)}::int)`),
      status: `${sql.pick('issue status', I, ['OPEN', 'IN_PROGRESS', 'RESOLVED', 'CLOSED', 'CLOSED'])}::"IssueStatus"`,
      priority: `${sql.pick('priority', I, ['LOW', 'MEDIUM', 'MEDIUM', 'HIGH', 'CRITICAL'])}::"IssuePriority"`,
      assignedTo: someAdmin(sql, 'assigned', admins),
      createdAt: sql.moment('issue', I, START, 1000),
      updatedAt: sql.moment('issue changed', I, '2025-10-01', 60),
    },
  };
}

/** None to three for each issue; the first comment of the first issues holds each hostile text in turn. */
export function commentRows(sql: DemoSql, issues: number, admins: number): DemoTable {
  return {
    table: 'issue_comments',
    series: issues,
    from: `generate_series(1, greatest(${sql.roll('comments', I, 4)}::int, CASE WHEN mod(i, 29) = 1 THEN 1 ELSE 0 END)) AS p`,
    columns: {
      id: sql.id('issue_comments', '(i * 10 + p)'),
      issueId: sql.id('issues', I),
      content: choose([['mod(i, 29) = 1 AND p = 1', hostile(29)]], `${sql.pick('comment', I, REMARKS)} || ' #' || p`),
      createdBy: someAdmin(sql, 'comment admin', admins),
      createdAt: `${sql.moment('comment', I, '2025-01-01', 300)} + p * interval '1 hour'`,
    },
  };
}

/** Two for everybody. */
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
      fileSize: `(20000 + ${sql.roll('file size', I, 4_000_000)})::int`,
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
          ['mod(i, 7) = 1', `jsonb_build_object('basicSalary', jsonb_build_object('old', ${money(sql, 'old', 80_000, 900_000)}, 'new', ${exactMoney(sql, 'new', 900_000)}))`],
        ],
        `jsonb_build_object('address', jsonb_build_object('old', NULL, 'new', ${sql.pick('audit text', I, REMARKS)}), 'isActive', jsonb_build_object('old', true, 'new', false))`,
      ),
      performedBy: someAdmin(sql, 'audit admin', admins),
      timestamp: sql.moment('audit', I, START, 1000),
    },
  };
}

/** Two years of months; the total is the sum of what is listed. */
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
          ['i = 3', `'{"depth": 1.10, "big": 12345678901234567890123, "name": "Ọba 👑", "empty": {}, "none": null}'::jsonb`],
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

const SETTINGS = ['company.name', 'company.motto', 'payroll.day', 'payroll.currency', 'mail.from', 'mail.host', 'loan.limit', 'loan.terms', 'leave.days', 'theme', 'footer', 'locale'];

export function settingRows(sql: DemoSql, admins: number): DemoTable {
  const list = SETTINGS.map((key) => `'${key}'`).join(', ');
  return {
    table: 'system_settings',
    series: SETTINGS.length,
    columns: {
      id: sql.id('system_settings', I),
      key: `(ARRAY[${list}])[i]`,
      value: choose([['i = 1', `'OWU Palace'`], ['i = 2', `'Ẹ káàbọ̀ "all" \\ friends'`], ['i = 10', `''`]], `'value ' || i`),
      description: when('mod(i, 2) = 0', `'Set by the installer'`),
      category: choose([['i <= 2', `'company'`]], `'general'`),
      updatedBy: someAdmin(sql, 'setting', admins),
      updatedAt: sql.moment('setting changed', I, '2025-01-01', 300),
      createdAt: sql.moment('setting', I, START, 100),
    },
  };
}
