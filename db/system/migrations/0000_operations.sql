CREATE TABLE "backup_system"."operations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"state" text NOT NULL,
	"actor" text NOT NULL,
	"origin" text NOT NULL,
	"parameters" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"progress" jsonb,
	"result" jsonb,
	"error" jsonb,
	"archive" text,
	"staging_schema" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	CONSTRAINT "operations_state_check" CHECK (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
	CONSTRAINT "operations_finished_check" CHECK ((finished_at is not null) = (state in ('succeeded', 'failed', 'cancelled'))),
	CONSTRAINT "operations_staging_schema_check" CHECK (staging_schema like 'restore\_%')
);
--> statement-breakpoint
CREATE INDEX "operations_state_created_at_index" ON "backup_system"."operations" USING btree ("state","created_at");--> statement-breakpoint
CREATE INDEX "operations_created_at_index" ON "backup_system"."operations" USING btree ("created_at");