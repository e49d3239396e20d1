-- The audit is append-only, its head moves by one row at a time: also for whoever owns the tables.
CREATE FUNCTION "backup_system"."refuse_change"() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  RAISE EXCEPTION 'the audit is append-only: % of %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
--> statement-breakpoint
CREATE TRIGGER "audit_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "backup_system"."audit" FOR EACH STATEMENT EXECUTE FUNCTION "backup_system"."refuse_change"();
--> statement-breakpoint
CREATE TRIGGER "audit_head_stays" BEFORE DELETE OR TRUNCATE ON "backup_system"."audit_head" FOR EACH STATEMENT EXECUTE FUNCTION "backup_system"."refuse_change"();
--> statement-breakpoint
INSERT INTO "backup_system"."audit_head" ("only", "last_id", "hash") VALUES (1, 0, repeat('0', 64));
