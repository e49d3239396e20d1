import type { ObjectName } from '../model/model.ts';
import type { Sensitivity } from '../model/sensitivity.ts';

/** Facts about a table of the HRMS beyond its schema. */
export interface TablePolicy {
  table: string;
  columns: Record<string, Sensitivity>;
  /** Columns that hold document paths, relative to the HRMS's upload folder. */
  filePaths: readonly string[];
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

/** The policy by BackupData key. A test fails when a table or column is only here, or only in the schema. */
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
 * Returns how carefully a column must be handled. Null for a column unknown to this policy, of another application or newer: it may hold
 * anything.
 */
export function sensitivityOf(table: ObjectName, column: string): Sensitivity | null {
  if (table.schema !== 'public') return null;
  const columns = Object.values(HRMS_POLICY).find((policy) => policy.table === table.name)?.columns;
  // A column may be called `constructor`.
  return columns && Object.hasOwn(columns, column) ? (columns[column] ?? null) : null;
}

/**
 * Returns how carefully a column of another application's database must be handled. A table may share a name with the HRMS's by chance:
 * nothing counts as ordinary for that, but what would be secret stays so.
 */
export function sensitivityElsewhere(table: ObjectName, column: string): Sensitivity | null {
  const found = sensitivityOf(table, column);
  return found === 'ordinary' ? null : found;
}
