CREATE TABLE "backup_system"."audit" (
	"id" bigint PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"actor" text NOT NULL,
	"address" text NOT NULL,
	"action" text NOT NULL,
	"outcome" text NOT NULL,
	"code" text,
	"target" text,
	"operation_id" uuid,
	"request_id" text,
	"details" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"previous_hash" text NOT NULL,
	"hash" text NOT NULL,
	CONSTRAINT "audit_outcome_check" CHECK (outcome in ('allowed', 'denied', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "backup_system"."audit_head" (
	"only" smallint PRIMARY KEY DEFAULT 1 NOT NULL,
	"last_id" bigint NOT NULL,
	"hash" text NOT NULL,
	CONSTRAINT "audit_head_only_check" CHECK ("only" = 1)
);
--> statement-breakpoint
CREATE TABLE "backup_system"."break_glass" (
	"id" text PRIMARY KEY NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone,
	"used_from" text
);
--> statement-breakpoint
CREATE TABLE "backup_system"."rate_limits" (
	"key" text PRIMARY KEY NOT NULL,
	"points" integer DEFAULT 0 NOT NULL,
	"expire" bigint
);
--> statement-breakpoint
CREATE TABLE "backup_system"."sessions" (
	"id" text PRIMARY KEY NOT NULL,
	"admin_id" text,
	"email" text NOT NULL,
	"full_name" text NOT NULL,
	"role" text NOT NULL,
	"is_active" boolean NOT NULL,
	"checked_at" timestamp with time zone NOT NULL,
	"address" text NOT NULL,
	"user_agent" text DEFAULT '' NOT NULL,
	"step_up_until" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "backup_system"."signing_keys" (
	"kid" text PRIMARY KEY NOT NULL,
	"public_jwk" jsonb NOT NULL,
	"private_jwe" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"retired_at" timestamp with time zone,
	"expires_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "backup_system"."tokens" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"scopes" text[] NOT NULL,
	"admin_id" text NOT NULL,
	"email" text NOT NULL,
	"role" text NOT NULL,
	"is_active" boolean NOT NULL,
	"checked_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"last_used_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"revoked_by" text
);
--> statement-breakpoint
CREATE TABLE "backup_system"."uploads" (
	"id" uuid PRIMARY KEY NOT NULL,
	"original_name" text NOT NULL,
	"state" text NOT NULL,
	"type" text,
	"size" bigint,
	"sha256" text,
	"archive" text,
	"error" jsonb,
	"actor" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone,
	CONSTRAINT "uploads_state_check" CHECK (state in ('receiving', 'received', 'accepting', 'accepted', 'refused'))
);
--> statement-breakpoint
ALTER TABLE "backup_system"."operations" ADD COLUMN "idempotency_key" text;--> statement-breakpoint
ALTER TABLE "backup_system"."operations" ADD COLUMN "revision" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "backup_system"."operations" ADD COLUMN "cancel_requested_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "backup_system"."operations" ADD COLUMN "cancel_requested_by" text;--> statement-breakpoint
CREATE INDEX "audit_at_index" ON "backup_system"."audit" USING btree ("at");--> statement-breakpoint
CREATE INDEX "audit_actor_index" ON "backup_system"."audit" USING btree ("actor");--> statement-breakpoint
CREATE INDEX "audit_operation_id_index" ON "backup_system"."audit" USING btree ("operation_id");--> statement-breakpoint
CREATE INDEX "sessions_admin_id_index" ON "backup_system"."sessions" USING btree ("admin_id");--> statement-breakpoint
CREATE INDEX "sessions_expires_at_index" ON "backup_system"."sessions" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "tokens_admin_id_index" ON "backup_system"."tokens" USING btree ("admin_id");--> statement-breakpoint
CREATE INDEX "uploads_created_at_index" ON "backup_system"."uploads" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "operations_idempotency_key" ON "backup_system"."operations" USING btree ("actor","kind","idempotency_key");