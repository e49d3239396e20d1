/**
 * The HRMS's catalog as its data model documents it, written by hand and without Drizzle: the expectation for `db/hrms/schema.ts`. `ts` and
 * `now` are expanded by the test; columns are in the order of the table.
 */
export const HRMS_COLUMNS: Record<string, string> = {
  admins: `
    id text not null | email text not null | password text not null | fullName text not null
    role public."AdminRole" not null default 'ADMIN'::public."AdminRole" | permissions text[] default '{}'::text[]
    isActive boolean not null default true | lastLogin ts | passwordChangedAt ts not null default now | passwordExpiresAt ts
    mustChangePassword boolean not null default false | createdBy text | createdAt ts not null default now | updatedAt ts not null`,
  staff: `
    id text not null | employeeId text not null | fullName text not null | dateOfBirth ts | gender public."Gender" not null
    maritalStatus public."MaritalStatus" not null | nationality text | photo text | address text | personalEmail text | workEmail text
    phoneNumbers text[] | jobTitle text | department text | positionId text | departmentId text | jobTypeId text
    reportingManagerId text | dateOfJoining ts | employmentType public."EmploymentType" | workLocation text | emergencyContactName text
    emergencyContactRelationship text | emergencyContactPhone text | accountDetails text
    isExternallyPaid boolean not null default false | isActive boolean not null default true
    createdAt ts not null default now | updatedAt ts not null`,
  categories: `
    id text not null | name text not null | type public."CategoryType" not null | description text
    isActive boolean not null default true | createdAt ts not null default now | updatedAt ts not null`,
  salary_structures: `
    id text not null | staffId text not null | basicSalary numeric(10,2) not null
    housingAllowance numeric(10,2) not null default 0 | transportAllowance numeric(10,2) not null default 0
    medicalAllowance numeric(10,2) not null default 0 | otherAllowances jsonb not null default '[]'::jsonb
    taxDeduction numeric(10,2) not null default 0 | pensionDeduction numeric(10,2) not null default 0
    loanDeduction numeric(10,2) not null default 0 | otherDeductions jsonb not null default '[]'::jsonb
    effectiveDate ts not null default now | isActive boolean not null default true
    createdAt ts not null default now | updatedAt ts not null`,
  loans: `
    id text not null | staffId text not null | amount numeric(10,2) not null | reason text not null | repaymentTerms integer not null
    monthlyDeduction numeric(10,2) not null | status public."LoanStatus" not null default 'PENDING'::public."LoanStatus"
    approvedDate ts | startDate ts | outstandingBalance numeric(10,2) not null | installmentsPaid integer not null default 0
    statusComments text | updatedBy text | isPaused boolean not null default false | pausedAt ts | pauseReason text
    createdAt ts not null default now | updatedAt ts not null`,
  issues: `
    id text not null | ticketNumber text not null | staffId text | categoryId text | category public."IssueCategory" not null
    title text not null | description text not null | status public."IssueStatus" not null default 'OPEN'::public."IssueStatus"
    priority public."IssuePriority" not null default 'MEDIUM'::public."IssuePriority" | assignedTo text not null
    createdAt ts not null default now | updatedAt ts not null`,
  documents: `
    id text not null | staffId text not null | fileName text not null | originalName text not null | fileType text not null
    fileSize integer not null | filePath text not null | category public."DocumentCategory" not null
    uploadedAt ts not null default now`,
  shareable_links: `
    id text not null | shareId text not null | organogramData jsonb not null | createdBy text not null
    createdAt ts not null default now | expiresAt ts not null | isActive boolean not null default true`,
  loan_repayments: `
    id text not null | loanId text not null | amount numeric(10,2) not null | paymentDate ts not null default now
    paymentMethod text not null default 'SALARY_DEDUCTION'::text | notes text | createdAt ts not null default now`,
  issue_comments: `
    id text not null | issueId text not null | content text not null | createdBy text not null | createdAt ts not null default now`,
  audit_trails: `
    id text not null | entityType public."EntityType" not null | entityId text not null | action public."AuditAction" not null
    changes jsonb not null | performedBy text not null | timestamp ts not null default now`,
  payroll_schedules: `
    id text not null | month integer not null | year integer not null | staffData jsonb not null | totalAmount numeric(12,2) not null
    generatedBy text not null | generatedAt ts not null default now | pdfFilePath text | csvFilePath text`,
  system_settings: `
    id text not null | key text not null | value text not null | description text | category text not null default 'general'::text
    updatedBy text not null | updatedAt ts not null | createdAt ts not null default now`,
};

/** `table_column_fkey`, the target, and the action on delete. All are ON UPDATE CASCADE. */
export const HRMS_FOREIGN_KEYS: [table: string, column: string, target: string, onDelete: string][] = [
  ['admins', 'createdBy', 'admins', 'SET NULL'],
  ['staff', 'positionId', 'categories', 'SET NULL'],
  ['staff', 'departmentId', 'categories', 'SET NULL'],
  ['staff', 'jobTypeId', 'categories', 'SET NULL'],
  ['staff', 'reportingManagerId', 'staff', 'SET NULL'],
  ['salary_structures', 'staffId', 'staff', 'CASCADE'],
  ['loans', 'staffId', 'staff', 'CASCADE'],
  ['loans', 'updatedBy', 'admins', 'SET NULL'],
  ['issues', 'staffId', 'staff', 'SET NULL'],
  ['issues', 'categoryId', 'categories', 'SET NULL'],
  ['issues', 'assignedTo', 'admins', 'RESTRICT'],
  ['documents', 'staffId', 'staff', 'CASCADE'],
  ['loan_repayments', 'loanId', 'loans', 'CASCADE'],
  ['issue_comments', 'issueId', 'issues', 'CASCADE'],
  ['audit_trails', 'entityId', 'staff', 'CASCADE'],
  ['audit_trails', 'performedBy', 'admins', 'RESTRICT'],
];

/** Unique indexes, none of them a constraint; primary keys aside, the HRMS has no other index. */
export const HRMS_UNIQUE_INDEXES: Record<string, string> = {
  admins_email_key: 'public.admins USING btree (email)',
  staff_employeeId_key: 'public.staff USING btree ("employeeId")',
  categories_name_type_key: 'public.categories USING btree (name, type)',
  issues_ticketNumber_key: 'public.issues USING btree ("ticketNumber")',
  shareable_links_shareId_key: 'public.shareable_links USING btree ("shareId")',
  payroll_schedules_month_year_key: 'public.payroll_schedules USING btree (month, year)',
  system_settings_key_key: 'public.system_settings USING btree (key)',
};

export const HRMS_ENUMS: Record<string, string> = {
  AdminRole: 'SUPER_ADMIN ADMIN HR_MANAGER VIEWER',
  Gender: 'MALE FEMALE OTHER',
  MaritalStatus: 'SINGLE MARRIED DIVORCED WIDOWED',
  EmploymentType: 'FULL_TIME PART_TIME CONTRACT',
  LoanStatus: 'PENDING APPROVED REJECTED COMPLETED',
  IssueCategory: 'WORKPLACE_CONFLICT PAYROLL_DISCREPANCY POLICY_VIOLATION PERFORMANCE_ISSUE ATTENDANCE_ISSUE OTHER',
  IssueStatus: 'OPEN IN_PROGRESS RESOLVED CLOSED',
  IssuePriority: 'LOW MEDIUM HIGH CRITICAL',
  DocumentCategory: 'CV OFFER_LETTER CONTRACT IDENTIFICATION CERTIFICATE OTHER',
  EntityType: 'STAFF SALARY LOAN ISSUE',
  AuditAction: 'CREATE UPDATE DELETE',
  CategoryType: 'POSITION DEPARTMENT JOB_TYPE ISSUE_CATEGORY',
};
