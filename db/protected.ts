import type { ObjectName } from './model.ts';
import { SYSTEM_SCHEMA } from './schema/system.ts';

/**
 * The one policy: what is backed up, what is known and left out, and how careful each column of the HRMS must be handled.
 * - `ordinary`: says nothing about a person by itself (ids, states, dates of the record)
 * - `personal`: identifies or describes a person
 * - `financial`: what a person earns, owes, or where it is paid to
 * - `secret`: opens a door to whoever holds it
 */
export type Sensitivity = 'ordinary' | 'personal' | 'financial' | 'secret';

export interface TablePolicy {
  table: string;
  columns: Record<string, Sensitivity>;
  /** Columns that hold paths of documents below the HRMS's upload folder. */
  filePaths: readonly string[];
}

/** The schema of the job queue: its rows are work in progress, wrong the moment they are restored. */
export const QUEUE_SCHEMA = 'backup_queue';
/** Private schemas of restores begin with this; the operation's id follows. */
export const STAGING_PREFIX = 'restore_';
/** A schema of an application may begin so, too (`restore_points`); only the whole name tells. */
const STAGING_NAME = new RegExp(`^${STAGING_PREFIX}[0-9a-f]{32}$`);

/** Whether a schema is called as the private schema of a restore. */
export function isStagingName(schema: string): boolean {
  return STAGING_NAME.test(schema);
}

function policy(
  table: string,
  groups: Partial<Record<Sensitivity, string>>,
  filePaths: readonly string[] = [],
): TablePolicy {
  const columns: Record<string, Sensitivity> = {};
  for (const sensitivity of ['ordinary', 'personal', 'financial', 'secret'] as const) {
    for (const column of groups[sensitivity]?.split(' ') ?? []) columns[column] = sensitivity;
  }
  return { table, columns, filePaths };
}

/** By BackupData key. A test fails when a table or column is here and not in the schema, or the other way round. */
export const HRMS_POLICY: Record<string, TablePolicy> = {
  admins: policy('admins', {
    ordinary:
      'id role permissions isActive lastLogin passwordChangedAt passwordExpiresAt mustChangePassword createdBy createdAt updatedAt',
    personal: 'email fullName',
    secret: 'password',
  }),
  staff: policy(
    'staff',
    {
      ordinary:
        'id positionId departmentId jobTypeId reportingManagerId employmentType isExternallyPaid isActive createdAt updatedAt',
      personal:
        'employeeId fullName dateOfBirth gender maritalStatus nationality photo address personalEmail workEmail phoneNumbers jobTitle department ' +
        'dateOfJoining workLocation emergencyContactName emergencyContactRelationship emergencyContactPhone',
      financial: 'accountDetails',
    },
    ['photo'],
  ),
  categories: policy('categories', { ordinary: 'id name type description isActive createdAt updatedAt' }),
  salaryStructures: policy('salary_structures', {
    ordinary: 'id staffId effectiveDate isActive createdAt updatedAt',
    financial:
      'basicSalary housingAllowance transportAllowance medicalAllowance otherAllowances taxDeduction pensionDeduction loanDeduction otherDeductions',
  }),
  loans: policy('loans', {
    ordinary: 'id staffId status approvedDate startDate updatedBy isPaused pausedAt createdAt updatedAt',
    personal: 'reason statusComments pauseReason',
    financial: 'amount repaymentTerms monthlyDeduction outstandingBalance installmentsPaid',
  }),
  issues: policy('issues', {
    ordinary: 'id ticketNumber staffId categoryId category status priority assignedTo createdAt updatedAt',
    personal: 'title description',
  }),
  files: policy(
    'documents',
    { ordinary: 'id staffId fileType fileSize category uploadedAt', personal: 'fileName originalName filePath' },
    ['filePath'],
  ),
  shareableLinks: policy('shareable_links', {
    ordinary: 'id createdBy createdAt expiresAt isActive',
    personal: 'organogramData',
    secret: 'shareId',
  }),
  loanRepayments: policy('loan_repayments', {
    ordinary: 'id loanId paymentDate paymentMethod createdAt',
    personal: 'notes',
    financial: 'amount',
  }),
  issueComments: policy('issue_comments', { ordinary: 'id issueId createdBy createdAt', personal: 'content' }),
  auditTrails: policy('audit_trails', {
    ordinary: 'id entityType entityId action performedBy timestamp',
    financial: 'changes',
  }),
  payrollSchedules: policy(
    'payroll_schedules',
    { ordinary: 'id month year generatedBy generatedAt pdfFilePath csvFilePath', financial: 'staffData totalAmount' },
    ['pdfFilePath', 'csvFilePath'],
  ),
  systemSettings: policy('system_settings', {
    ordinary: 'id key description category updatedBy updatedAt createdAt',
    secret: 'value',
  }),
};

/**
 * How carefully a column is to be handled. Null for one this policy does not know, of another application or newer than the policy:
 * it may hold anything.
 */
export function sensitivityOf(table: ObjectName, column: string): Sensitivity | null {
  if (table.schema !== 'public') return null;
  const columns = Object.values(HRMS_POLICY).find((policy) => policy.table === table.name)?.columns;
  // A column may be called `constructor`.
  return columns && Object.hasOwn(columns, column) ? (columns[column] ?? null) : null;
}

/**
 * The same in a database of another application. A table may be called as one of the HRMS by chance: nothing is ordinary for that, but what
 * would be secret stays so.
 */
export function sensitivityElsewhere(table: ObjectName, column: string): Sensitivity | null {
  const found = sensitivityOf(table, column);
  return found === 'ordinary' ? null : found;
}

interface LeftOutRule {
  matches(table: ObjectName): boolean;
  reason: string;
  /** True where no schema, whatever it declares, makes the table part of a backup. */
  always: boolean;
}

const LEFT_OUT: readonly LeftOutRule[] = [
  {
    matches: (t) => t.schema === SYSTEM_SCHEMA,
    always: true,
    reason: "this program's own records: a restore must not rewrite the record of itself",
  },
  {
    matches: (t) => t.schema === QUEUE_SCHEMA,
    always: true,
    reason: "this program's own job queue: work in progress, not data",
  },
  {
    matches: (t) => isStagingName(t.schema),
    always: false,
    reason: 'the working schema of a restore: dropped when it ends',
  },
  {
    matches: (t) => t.name === '_prisma_migrations',
    always: false,
    reason: "Prisma's own journal: belongs to the schema, not to the data",
  },
  {
    matches: (t) => t.schema === 'drizzle' || t.name === '__drizzle_migrations',
    always: false,
    reason: "Drizzle's own journal: belongs to the schema, not to the data",
  },
];

/**
 * The rule that leaves an object out, or null when none speaks of it. A table the schema declares is protected even where a rule would
 * leave it out, unless the rule says `always`.
 */
export function leftOutRule(name: ObjectName): { reason: string; always: boolean } | null {
  return LEFT_OUT.find((rule) => rule.matches(name)) ?? null;
}
