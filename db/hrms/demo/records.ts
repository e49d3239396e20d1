import { issueCategory } from '../schema.ts';
import { category } from './categories.ts';
import {
  choose,
  type DemoSql,
  type DemoTable,
  exactMoney,
  hostileText,
  I,
  money,
  START,
  someAdmin,
  someone,
  when,
} from './sql.ts';
import { REASONS, REMARKS, TITLES } from './words.ts';

/** Returns the salaries: everybody has one, some have older ones. */
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
          [
            'mod(i, 503) = 2',
            `'[{"name": "Long \\u0041 \\\\ \\"quoted\\"", "amount": 12345678901234567890.10}, null, {}]'::jsonb`,
          ],
          [
            'mod(i, 3) = 0',
            `jsonb_build_array(jsonb_build_object('name', 'Wardrobe', 'amount', ${exactMoney(sql, 'wardrobe', 20_000)}))`,
          ],
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

const loanStatus = (sql: DemoSql) =>
  sql.pick('loan status', I, [
    'PENDING',
    'APPROVED',
    'APPROVED',
    'APPROVED',
    'COMPLETED',
    'COMPLETED',
    'REJECTED',
    'APPROVED',
  ]);
const loanTerms = (sql: DemoSql) => `(3 + ${sql.randomBelow('loan terms', I, 10)})::int`;
const loanMonthly = (sql: DemoSql) => money(sql, 'loan monthly', 5_000, 80_000);
/** Returns the number of instalments paid: all of a completed loan, some of an approved one. The repayments agree with it. */
const loanPaid = (sql: DemoSql) =>
  choose(
    [
      [`${loanStatus(sql)} = 'COMPLETED'`, loanTerms(sql)],
      [`${loanStatus(sql)} = 'APPROVED'`, `${sql.randomBelow('loan paid', I, loanTerms(sql))}::int`],
    ],
    '0',
  );

/** Returns the loans; amounts, instalments and balances agree with each other. */
export function loanRows(sql: DemoSql, rows: number, staff: number, admins: number): DemoTable {
  const decided = `${loanStatus(sql)} <> 'PENDING'`;
  return {
    table: 'loans',
    series: rows,
    columns: {
      id: sql.id('loans', I),
      staffId: someone(sql, 'loan', staff),
      amount: `${loanTerms(sql)} * ${loanMonthly(sql)}`,
      reason: choose([['mod(i, 113) = 1', hostileText(113)]], sql.pick('reason', I, REASONS)),
      repaymentTerms: loanTerms(sql),
      monthlyDeduction: loanMonthly(sql),
      status: `${loanStatus(sql)}::"LoanStatus"`,
      approvedDate: when(decided, sql.moment('loan decided', I, '2024-01-01', 300)),
      startDate: when(
        `${loanStatus(sql)} IN ('APPROVED', 'COMPLETED')`,
        `date_trunc('month', ${sql.moment('loan decided', I, '2024-01-01', 300)}) + interval '1 month'`,
      ),
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

/** Returns the repayments, one row per instalment paid. */
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
      notes: choose(
        [
          ['mod(i, 17) = 0', `''`],
          ['mod(i, 17) = 1', sql.pick('repayment note', I, REMARKS)],
        ],
        'NULL',
      ),
      createdAt: `date_trunc('month', ${sql.moment('loan decided', I, '2024-01-01', 300)}) + p * interval '1 month' + interval '8 hours 15 minutes 0.042 seconds'`,
    },
  };
}

export function issueRows(sql: DemoSql, rows: number, staff: number, admins: number): DemoTable {
  return {
    table: 'issues',
    series: rows,
    columns: {
      id: sql.id('issues', I),
      ticketNumber: `'ISS-' || lpad(i::text, 8, '0')`,
      staffId: when('mod(i, 10) <> 0', someone(sql, 'issue', staff)),
      categoryId: when('mod(i, 3) <> 0', category(sql, 'issue category', 'ISSUE_CATEGORY')),
      category: `${sql.pick('issue kind', I, issueCategory.enumValues)}::"IssueCategory"`,
      title: sql.pick('issue title', I, TITLES),
      description: choose(
        [['mod(i, 53) = 1', hostileText(53)]],
        `${sql.pick('issue text', I, REMARKS)} || E'\\n\\n' || repeat('It happened again. ', ${sql.randomBelow('issue length', I, 12)}::int)`,
      ),
      status: `${sql.pick('issue status', I, ['OPEN', 'IN_PROGRESS', 'RESOLVED', 'CLOSED', 'CLOSED'])}::"IssueStatus"`,
      priority: `${sql.pick('priority', I, ['LOW', 'MEDIUM', 'MEDIUM', 'HIGH', 'CRITICAL'])}::"IssuePriority"`,
      assignedTo: someAdmin(sql, 'assigned', admins),
      createdAt: sql.moment('issue', I, START, 1000),
      updatedAt: sql.moment('issue changed', I, '2025-10-01', 60),
    },
  };
}

/** Returns the comments, none to three per issue. The first comment of the first issues holds each hostile text in turn. */
export function commentRows(sql: DemoSql, issues: number, admins: number): DemoTable {
  return {
    table: 'issue_comments',
    series: issues,
    from: `generate_series(1, greatest(${sql.randomBelow('comments', I, 4)}::int, CASE WHEN mod(i, 23) = 1 THEN 1 ELSE 0 END)) AS p`,
    columns: {
      id: sql.id('issue_comments', '(i * 10 + p)'),
      issueId: sql.id('issues', I),
      content: choose(
        [['mod(i, 23) = 1 AND p = 1', hostileText(23)]],
        `${sql.pick('comment', I, REMARKS)} || ' #' || p`,
      ),
      createdBy: someAdmin(sql, 'comment admin', admins),
      createdAt: `${sql.moment('comment', I, '2025-01-01', 300)} + p * interval '1 hour'`,
    },
  };
}
