CREATE TYPE "public"."AdminRole" AS ENUM('SUPER_ADMIN', 'ADMIN', 'HR_MANAGER', 'VIEWER');--> statement-breakpoint
CREATE TYPE "public"."AuditAction" AS ENUM('CREATE', 'UPDATE', 'DELETE');--> statement-breakpoint
CREATE TYPE "public"."CategoryType" AS ENUM('POSITION', 'DEPARTMENT', 'JOB_TYPE', 'ISSUE_CATEGORY');--> statement-breakpoint
CREATE TYPE "public"."DocumentCategory" AS ENUM('CV', 'OFFER_LETTER', 'CONTRACT', 'IDENTIFICATION', 'CERTIFICATE', 'OTHER');--> statement-breakpoint
CREATE TYPE "public"."EmploymentType" AS ENUM('FULL_TIME', 'PART_TIME', 'CONTRACT');--> statement-breakpoint
CREATE TYPE "public"."EntityType" AS ENUM('STAFF', 'SALARY', 'LOAN', 'ISSUE');--> statement-breakpoint
CREATE TYPE "public"."Gender" AS ENUM('MALE', 'FEMALE', 'OTHER');--> statement-breakpoint
CREATE TYPE "public"."IssueCategory" AS ENUM('WORKPLACE_CONFLICT', 'PAYROLL_DISCREPANCY', 'POLICY_VIOLATION', 'PERFORMANCE_ISSUE', 'ATTENDANCE_ISSUE', 'OTHER');--> statement-breakpoint
CREATE TYPE "public"."IssuePriority" AS ENUM('LOW', 'MEDIUM', 'HIGH', 'CRITICAL');--> statement-breakpoint
CREATE TYPE "public"."IssueStatus" AS ENUM('OPEN', 'IN_PROGRESS', 'RESOLVED', 'CLOSED');--> statement-breakpoint
CREATE TYPE "public"."LoanStatus" AS ENUM('PENDING', 'APPROVED', 'REJECTED', 'COMPLETED');--> statement-breakpoint
CREATE TYPE "public"."MaritalStatus" AS ENUM('SINGLE', 'MARRIED', 'DIVORCED', 'WIDOWED');--> statement-breakpoint
CREATE TABLE "admins" (
	"id" text PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"password" text NOT NULL,
	"fullName" text NOT NULL,
	"role" "AdminRole" DEFAULT 'ADMIN' NOT NULL,
	"permissions" text[] DEFAULT '{}',
	"isActive" boolean DEFAULT true NOT NULL,
	"lastLogin" timestamp (3),
	"passwordChangedAt" timestamp (3) DEFAULT CURRENT_TIMESTAMP NOT NULL,
	"passwordExpiresAt" timestamp (3),
	"mustChangePassword" boolean DEFAULT false NOT NULL,
	"createdBy" text,
	"createdAt" timestamp (3) DEFAULT CURRENT_TIMESTAMP NOT NULL,
	"updatedAt" timestamp (3) NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit_trails" (
	"id" text PRIMARY KEY NOT NULL,
	"entityType" "EntityType" NOT NULL,
	"entityId" text NOT NULL,
	"action" "AuditAction" NOT NULL,
	"changes" jsonb NOT NULL,
	"performedBy" text NOT NULL,
	"timestamp" timestamp (3) DEFAULT CURRENT_TIMESTAMP NOT NULL
);
--> statement-breakpoint
CREATE TABLE "categories" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"type" "CategoryType" NOT NULL,
	"description" text,
	"isActive" boolean DEFAULT true NOT NULL,
	"createdAt" timestamp (3) DEFAULT CURRENT_TIMESTAMP NOT NULL,
	"updatedAt" timestamp (3) NOT NULL
);
--> statement-breakpoint
CREATE TABLE "documents" (
	"id" text PRIMARY KEY NOT NULL,
	"staffId" text NOT NULL,
	"fileName" text NOT NULL,
	"originalName" text NOT NULL,
	"fileType" text NOT NULL,
	"fileSize" integer NOT NULL,
	"filePath" text NOT NULL,
	"category" "DocumentCategory" NOT NULL,
	"uploadedAt" timestamp (3) DEFAULT CURRENT_TIMESTAMP NOT NULL
);
--> statement-breakpoint
CREATE TABLE "issue_comments" (
	"id" text PRIMARY KEY NOT NULL,
	"issueId" text NOT NULL,
	"content" text NOT NULL,
	"createdBy" text NOT NULL,
	"createdAt" timestamp (3) DEFAULT CURRENT_TIMESTAMP NOT NULL
);
--> statement-breakpoint
CREATE TABLE "issues" (
	"id" text PRIMARY KEY NOT NULL,
	"ticketNumber" text NOT NULL,
	"staffId" text,
	"categoryId" text,
	"category" "IssueCategory" NOT NULL,
	"title" text NOT NULL,
	"description" text NOT NULL,
	"status" "IssueStatus" DEFAULT 'OPEN' NOT NULL,
	"priority" "IssuePriority" DEFAULT 'MEDIUM' NOT NULL,
	"assignedTo" text NOT NULL,
	"createdAt" timestamp (3) DEFAULT CURRENT_TIMESTAMP NOT NULL,
	"updatedAt" timestamp (3) NOT NULL
);
--> statement-breakpoint
CREATE TABLE "loan_repayments" (
	"id" text PRIMARY KEY NOT NULL,
	"loanId" text NOT NULL,
	"amount" numeric(10, 2) NOT NULL,
	"paymentDate" timestamp (3) DEFAULT CURRENT_TIMESTAMP NOT NULL,
	"paymentMethod" text DEFAULT 'SALARY_DEDUCTION' NOT NULL,
	"notes" text,
	"createdAt" timestamp (3) DEFAULT CURRENT_TIMESTAMP NOT NULL
);
--> statement-breakpoint
CREATE TABLE "loans" (
	"id" text PRIMARY KEY NOT NULL,
	"staffId" text NOT NULL,
	"amount" numeric(10, 2) NOT NULL,
	"reason" text NOT NULL,
	"repaymentTerms" integer NOT NULL,
	"monthlyDeduction" numeric(10, 2) NOT NULL,
	"status" "LoanStatus" DEFAULT 'PENDING' NOT NULL,
	"approvedDate" timestamp (3),
	"startDate" timestamp (3),
	"outstandingBalance" numeric(10, 2) NOT NULL,
	"installmentsPaid" integer DEFAULT 0 NOT NULL,
	"statusComments" text,
	"updatedBy" text,
	"isPaused" boolean DEFAULT false NOT NULL,
	"pausedAt" timestamp (3),
	"pauseReason" text,
	"createdAt" timestamp (3) DEFAULT CURRENT_TIMESTAMP NOT NULL,
	"updatedAt" timestamp (3) NOT NULL
);
--> statement-breakpoint
CREATE TABLE "payroll_schedules" (
	"id" text PRIMARY KEY NOT NULL,
	"month" integer NOT NULL,
	"year" integer NOT NULL,
	"staffData" jsonb NOT NULL,
	"totalAmount" numeric(12, 2) NOT NULL,
	"generatedBy" text NOT NULL,
	"generatedAt" timestamp (3) DEFAULT CURRENT_TIMESTAMP NOT NULL,
	"pdfFilePath" text,
	"csvFilePath" text
);
--> statement-breakpoint
CREATE TABLE "salary_structures" (
	"id" text PRIMARY KEY NOT NULL,
	"staffId" text NOT NULL,
	"basicSalary" numeric(10, 2) NOT NULL,
	"housingAllowance" numeric(10, 2) DEFAULT 0 NOT NULL,
	"transportAllowance" numeric(10, 2) DEFAULT 0 NOT NULL,
	"medicalAllowance" numeric(10, 2) DEFAULT 0 NOT NULL,
	"otherAllowances" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"taxDeduction" numeric(10, 2) DEFAULT 0 NOT NULL,
	"pensionDeduction" numeric(10, 2) DEFAULT 0 NOT NULL,
	"loanDeduction" numeric(10, 2) DEFAULT 0 NOT NULL,
	"otherDeductions" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"effectiveDate" timestamp (3) DEFAULT CURRENT_TIMESTAMP NOT NULL,
	"isActive" boolean DEFAULT true NOT NULL,
	"createdAt" timestamp (3) DEFAULT CURRENT_TIMESTAMP NOT NULL,
	"updatedAt" timestamp (3) NOT NULL
);
--> statement-breakpoint
CREATE TABLE "shareable_links" (
	"id" text PRIMARY KEY NOT NULL,
	"shareId" text NOT NULL,
	"organogramData" jsonb NOT NULL,
	"createdBy" text NOT NULL,
	"createdAt" timestamp (3) DEFAULT CURRENT_TIMESTAMP NOT NULL,
	"expiresAt" timestamp (3) NOT NULL,
	"isActive" boolean DEFAULT true NOT NULL
);
--> statement-breakpoint
CREATE TABLE "staff" (
	"id" text PRIMARY KEY NOT NULL,
	"employeeId" text NOT NULL,
	"fullName" text NOT NULL,
	"dateOfBirth" timestamp (3),
	"gender" "Gender" NOT NULL,
	"maritalStatus" "MaritalStatus" NOT NULL,
	"nationality" text,
	"photo" text,
	"address" text,
	"personalEmail" text,
	"workEmail" text,
	"phoneNumbers" text[],
	"jobTitle" text,
	"department" text,
	"positionId" text,
	"departmentId" text,
	"jobTypeId" text,
	"reportingManagerId" text,
	"dateOfJoining" timestamp (3),
	"employmentType" "EmploymentType",
	"workLocation" text,
	"emergencyContactName" text,
	"emergencyContactRelationship" text,
	"emergencyContactPhone" text,
	"accountDetails" text,
	"isExternallyPaid" boolean DEFAULT false NOT NULL,
	"isActive" boolean DEFAULT true NOT NULL,
	"createdAt" timestamp (3) DEFAULT CURRENT_TIMESTAMP NOT NULL,
	"updatedAt" timestamp (3) NOT NULL
);
--> statement-breakpoint
CREATE TABLE "system_settings" (
	"id" text PRIMARY KEY NOT NULL,
	"key" text NOT NULL,
	"value" text NOT NULL,
	"description" text,
	"category" text DEFAULT 'general' NOT NULL,
	"updatedBy" text NOT NULL,
	"updatedAt" timestamp (3) NOT NULL,
	"createdAt" timestamp (3) DEFAULT CURRENT_TIMESTAMP NOT NULL
);
--> statement-breakpoint
ALTER TABLE "admins" ADD CONSTRAINT "admins_createdBy_fkey" FOREIGN KEY ("createdBy") REFERENCES "public"."admins"("id") ON DELETE set null ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "audit_trails" ADD CONSTRAINT "audit_trails_entityId_fkey" FOREIGN KEY ("entityId") REFERENCES "public"."staff"("id") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "audit_trails" ADD CONSTRAINT "audit_trails_performedBy_fkey" FOREIGN KEY ("performedBy") REFERENCES "public"."admins"("id") ON DELETE restrict ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_staffId_fkey" FOREIGN KEY ("staffId") REFERENCES "public"."staff"("id") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "issue_comments" ADD CONSTRAINT "issue_comments_issueId_fkey" FOREIGN KEY ("issueId") REFERENCES "public"."issues"("id") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "issues" ADD CONSTRAINT "issues_staffId_fkey" FOREIGN KEY ("staffId") REFERENCES "public"."staff"("id") ON DELETE set null ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "issues" ADD CONSTRAINT "issues_categoryId_fkey" FOREIGN KEY ("categoryId") REFERENCES "public"."categories"("id") ON DELETE set null ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "issues" ADD CONSTRAINT "issues_assignedTo_fkey" FOREIGN KEY ("assignedTo") REFERENCES "public"."admins"("id") ON DELETE restrict ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "loan_repayments" ADD CONSTRAINT "loan_repayments_loanId_fkey" FOREIGN KEY ("loanId") REFERENCES "public"."loans"("id") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "loans" ADD CONSTRAINT "loans_staffId_fkey" FOREIGN KEY ("staffId") REFERENCES "public"."staff"("id") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "loans" ADD CONSTRAINT "loans_updatedBy_fkey" FOREIGN KEY ("updatedBy") REFERENCES "public"."admins"("id") ON DELETE set null ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "salary_structures" ADD CONSTRAINT "salary_structures_staffId_fkey" FOREIGN KEY ("staffId") REFERENCES "public"."staff"("id") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "staff" ADD CONSTRAINT "staff_positionId_fkey" FOREIGN KEY ("positionId") REFERENCES "public"."categories"("id") ON DELETE set null ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "staff" ADD CONSTRAINT "staff_departmentId_fkey" FOREIGN KEY ("departmentId") REFERENCES "public"."categories"("id") ON DELETE set null ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "staff" ADD CONSTRAINT "staff_jobTypeId_fkey" FOREIGN KEY ("jobTypeId") REFERENCES "public"."categories"("id") ON DELETE set null ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "staff" ADD CONSTRAINT "staff_reportingManagerId_fkey" FOREIGN KEY ("reportingManagerId") REFERENCES "public"."staff"("id") ON DELETE set null ON UPDATE cascade;--> statement-breakpoint
CREATE UNIQUE INDEX "admins_email_key" ON "admins" USING btree ("email");--> statement-breakpoint
CREATE UNIQUE INDEX "categories_name_type_key" ON "categories" USING btree ("name","type");--> statement-breakpoint
CREATE UNIQUE INDEX "issues_ticketNumber_key" ON "issues" USING btree ("ticketNumber");--> statement-breakpoint
CREATE UNIQUE INDEX "payroll_schedules_month_year_key" ON "payroll_schedules" USING btree ("month","year");--> statement-breakpoint
CREATE UNIQUE INDEX "shareable_links_shareId_key" ON "shareable_links" USING btree ("shareId");--> statement-breakpoint
CREATE UNIQUE INDEX "staff_employeeId_key" ON "staff" USING btree ("employeeId");--> statement-breakpoint
CREATE UNIQUE INDEX "system_settings_key_key" ON "system_settings" USING btree ("key");