/**
 * The protected tables of the OWU Palace HRMS, as its own database has them. The HRMS creates them through Prisma: hence quoted camelCase
 * names, unique indexes instead of constraints, and `updatedAt` without a default. Exported table names are the keys of BackupData; the
 * order below is a load order.
 */
import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  boolean,
  foreignKey,
  integer,
  jsonb,
  numeric,
  pgEnum,
  pgTable,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';

export const adminRole = pgEnum('AdminRole', ['SUPER_ADMIN', 'ADMIN', 'HR_MANAGER', 'VIEWER']);
export const gender = pgEnum('Gender', ['MALE', 'FEMALE', 'OTHER']);
export const maritalStatus = pgEnum('MaritalStatus', ['SINGLE', 'MARRIED', 'DIVORCED', 'WIDOWED']);
export const employmentType = pgEnum('EmploymentType', ['FULL_TIME', 'PART_TIME', 'CONTRACT']);
export const loanStatus = pgEnum('LoanStatus', ['PENDING', 'APPROVED', 'REJECTED', 'COMPLETED']);
export const issueCategory = pgEnum('IssueCategory', [
  'WORKPLACE_CONFLICT',
  'PAYROLL_DISCREPANCY',
  'POLICY_VIOLATION',
  'PERFORMANCE_ISSUE',
  'ATTENDANCE_ISSUE',
  'OTHER',
]);
export const issueStatus = pgEnum('IssueStatus', ['OPEN', 'IN_PROGRESS', 'RESOLVED', 'CLOSED']);
export const issuePriority = pgEnum('IssuePriority', ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL']);
export const documentCategory = pgEnum('DocumentCategory', [
  'CV',
  'OFFER_LETTER',
  'CONTRACT',
  'IDENTIFICATION',
  'CERTIFICATE',
  'OTHER',
]);
export const entityType = pgEnum('EntityType', ['STAFF', 'SALARY', 'LOAN', 'ISSUE']);
export const auditAction = pgEnum('AuditAction', ['CREATE', 'UPDATE', 'DELETE']);
export const categoryType = pgEnum('CategoryType', ['POSITION', 'DEPARTMENT', 'JOB_TYPE', 'ISSUE_CATEGORY']);

const id = () => text().primaryKey();
const moment = () => timestamp({ precision: 3, mode: 'date' });
const momentNow = () => moment().notNull().default(sql`CURRENT_TIMESTAMP`);
const money = () => numeric({ precision: 10, scale: 2 });
const moneyOrZero = () => money().notNull().default(sql`0`);

type OnDelete = 'cascade' | 'restrict' | 'set null';

/** Declares a foreign key with the name and behaviour Prisma gives it: `<table>_<column>_fkey`, ON UPDATE CASCADE. */
function foreignKeyTo(table: string, column: AnyPgColumn, target: AnyPgColumn, onDelete: OnDelete) {
  return foreignKey({ name: `${table}_${column.name}_fkey`, columns: [column], foreignColumns: [target] })
    .onDelete(onDelete)
    .onUpdate('cascade');
}

export const admins = pgTable(
  'admins',
  {
    id: id(),
    email: text().notNull(),
    password: text().notNull(),
    fullName: text().notNull(),
    role: adminRole().notNull().default('ADMIN'),
    permissions: text().array().default([]),
    isActive: boolean().notNull().default(true),
    lastLogin: moment(),
    passwordChangedAt: momentNow(),
    passwordExpiresAt: moment(),
    mustChangePassword: boolean().notNull().default(false),
    createdBy: text(),
    createdAt: momentNow(),
    updatedAt: moment().notNull(),
  },
  (t) => [uniqueIndex('admins_email_key').on(t.email), foreignKeyTo('admins', t.createdBy, t.id, 'set null')],
);

export const categories = pgTable(
  'categories',
  {
    id: id(),
    name: text().notNull(),
    type: categoryType().notNull(),
    description: text(),
    isActive: boolean().notNull().default(true),
    createdAt: momentNow(),
    updatedAt: moment().notNull(),
  },
  (t) => [uniqueIndex('categories_name_type_key').on(t.name, t.type)],
);

export const staff = pgTable(
  'staff',
  {
    id: id(),
    employeeId: text().notNull(),
    fullName: text().notNull(),
    dateOfBirth: moment(),
    gender: gender().notNull(),
    maritalStatus: maritalStatus().notNull(),
    nationality: text(),
    photo: text(),
    address: text(),
    personalEmail: text(),
    workEmail: text(),
    phoneNumbers: text().array(),
    jobTitle: text(),
    department: text(),
    positionId: text(),
    departmentId: text(),
    jobTypeId: text(),
    reportingManagerId: text(),
    dateOfJoining: moment(),
    employmentType: employmentType(),
    workLocation: text(),
    emergencyContactName: text(),
    emergencyContactRelationship: text(),
    emergencyContactPhone: text(),
    accountDetails: text(),
    isExternallyPaid: boolean().notNull().default(false),
    isActive: boolean().notNull().default(true),
    createdAt: momentNow(),
    updatedAt: moment().notNull(),
  },
  (t) => [
    uniqueIndex('staff_employeeId_key').on(t.employeeId),
    foreignKeyTo('staff', t.positionId, categories.id, 'set null'),
    foreignKeyTo('staff', t.departmentId, categories.id, 'set null'),
    foreignKeyTo('staff', t.jobTypeId, categories.id, 'set null'),
    foreignKeyTo('staff', t.reportingManagerId, t.id, 'set null'),
  ],
);

export const salaryStructures = pgTable(
  'salary_structures',
  {
    id: id(),
    staffId: text().notNull(),
    basicSalary: money().notNull(),
    housingAllowance: moneyOrZero(),
    transportAllowance: moneyOrZero(),
    medicalAllowance: moneyOrZero(),
    otherAllowances: jsonb().notNull().default([]),
    taxDeduction: moneyOrZero(),
    pensionDeduction: moneyOrZero(),
    loanDeduction: moneyOrZero(),
    otherDeductions: jsonb().notNull().default([]),
    effectiveDate: momentNow(),
    isActive: boolean().notNull().default(true),
    createdAt: momentNow(),
    updatedAt: moment().notNull(),
  },
  (t) => [foreignKeyTo('salary_structures', t.staffId, staff.id, 'cascade')],
);

export const loans = pgTable(
  'loans',
  {
    id: id(),
    staffId: text().notNull(),
    amount: money().notNull(),
    reason: text().notNull(),
    repaymentTerms: integer().notNull(),
    monthlyDeduction: money().notNull(),
    status: loanStatus().notNull().default('PENDING'),
    approvedDate: moment(),
    startDate: moment(),
    outstandingBalance: money().notNull(),
    installmentsPaid: integer().notNull().default(0),
    statusComments: text(),
    updatedBy: text(),
    isPaused: boolean().notNull().default(false),
    pausedAt: moment(),
    pauseReason: text(),
    createdAt: momentNow(),
    updatedAt: moment().notNull(),
  },
  (t) => [
    foreignKeyTo('loans', t.staffId, staff.id, 'cascade'),
    foreignKeyTo('loans', t.updatedBy, admins.id, 'set null'),
  ],
);

export const issues = pgTable(
  'issues',
  {
    id: id(),
    ticketNumber: text().notNull(),
    staffId: text(),
    categoryId: text(),
    category: issueCategory().notNull(),
    title: text().notNull(),
    description: text().notNull(),
    status: issueStatus().notNull().default('OPEN'),
    priority: issuePriority().notNull().default('MEDIUM'),
    assignedTo: text().notNull(),
    createdAt: momentNow(),
    updatedAt: moment().notNull(),
  },
  (t) => [
    uniqueIndex('issues_ticketNumber_key').on(t.ticketNumber),
    foreignKeyTo('issues', t.staffId, staff.id, 'set null'),
    foreignKeyTo('issues', t.categoryId, categories.id, 'set null'),
    foreignKeyTo('issues', t.assignedTo, admins.id, 'restrict'),
  ],
);

export const files = pgTable(
  'documents',
  {
    id: id(),
    staffId: text().notNull(),
    fileName: text().notNull(),
    originalName: text().notNull(),
    fileType: text().notNull(),
    /** Size in bytes. */
    fileSize: integer().notNull(),
    /** Path relative to the HRMS's upload folder. */
    filePath: text().notNull(),
    category: documentCategory().notNull(),
    uploadedAt: momentNow(),
  },
  (t) => [foreignKeyTo('documents', t.staffId, staff.id, 'cascade')],
);

export const shareableLinks = pgTable(
  'shareable_links',
  {
    id: id(),
    shareId: text().notNull(),
    organogramData: jsonb().notNull(),
    createdBy: text().notNull(),
    createdAt: momentNow(),
    expiresAt: moment().notNull(),
    isActive: boolean().notNull().default(true),
  },
  (t) => [uniqueIndex('shareable_links_shareId_key').on(t.shareId)],
);

export const loanRepayments = pgTable(
  'loan_repayments',
  {
    id: id(),
    loanId: text().notNull(),
    amount: money().notNull(),
    paymentDate: momentNow(),
    paymentMethod: text().notNull().default('SALARY_DEDUCTION'),
    notes: text(),
    createdAt: momentNow(),
  },
  (t) => [foreignKeyTo('loan_repayments', t.loanId, loans.id, 'cascade')],
);

export const issueComments = pgTable(
  'issue_comments',
  {
    id: id(),
    issueId: text().notNull(),
    content: text().notNull(),
    createdBy: text().notNull(),
    createdAt: momentNow(),
  },
  (t) => [foreignKeyTo('issue_comments', t.issueId, issues.id, 'cascade')],
);

export const auditTrails = pgTable(
  'audit_trails',
  {
    id: id(),
    entityType: entityType().notNull(),
    entityId: text().notNull(),
    action: auditAction().notNull(),
    changes: jsonb().notNull(),
    performedBy: text().notNull(),
    timestamp: momentNow(),
  },
  (t) => [
    foreignKeyTo('audit_trails', t.entityId, staff.id, 'cascade'),
    foreignKeyTo('audit_trails', t.performedBy, admins.id, 'restrict'),
  ],
);

export const payrollSchedules = pgTable(
  'payroll_schedules',
  {
    id: id(),
    month: integer().notNull(),
    year: integer().notNull(),
    staffData: jsonb().notNull(),
    totalAmount: numeric({ precision: 12, scale: 2 }).notNull(),
    generatedBy: text().notNull(),
    generatedAt: momentNow(),
    pdfFilePath: text(),
    csvFilePath: text(),
  },
  (t) => [uniqueIndex('payroll_schedules_month_year_key').on(t.month, t.year)],
);

export const systemSettings = pgTable(
  'system_settings',
  {
    id: id(),
    key: text().notNull(),
    value: text().notNull(),
    description: text(),
    category: text().notNull().default('general'),
    updatedBy: text().notNull(),
    updatedAt: moment().notNull(),
    createdAt: momentNow(),
  },
  (t) => [uniqueIndex('system_settings_key_key').on(t.key)],
);
