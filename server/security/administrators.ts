import { desc, eq, sql } from 'drizzle-orm';
import { asking, faultCode } from '../../db/connect/database-error.ts';
import { admins } from '../../db/hrms/schema.ts';
import type { Records } from '../../db/system/records.ts';

/** An administrator as the HRMS stores him now. */
export interface Administrator {
  id: string;
  email: string;
  passwordHash: string;
  fullName: string;
  role: string;
  isActive: boolean;
  mustChangePassword: boolean;
  passwordExpiresAt: Date | null;
}

/**
 * Outcome of a lookup. `locked`: somebody, most likely a restore, holds the table; `lost`: there is no such table.
 * `none` comes with somebody else's hash, of which only kind and cost are used.
 */
export type Lookup =
  | { found: 'one'; administrator: Administrator }
  | { found: 'none'; sampleHash: string | null }
  | { found: 'locked' }
  | { found: 'lost' };

export interface Administrators {
  /**
   * Finds by e-mail address, ignoring case, with one statement and one row, known or not. Throws what `databaseError`
   * makes of a failure.
   */
  byEmail(email: string): Promise<Lookup>;
  byId(id: string): Promise<Lookup>;
}

/** Longest wait for the table: a longer one would look like a panel that hangs. */
const LOCK_WAIT = '150ms';

/** Reads `public.admins` of the HRMS. Never writes, never waits long for a lock. */
export function createAdministrators(records: Records): Administrators {
  return {
    async byEmail(email) {
      const lower = email.toLowerCase();
      return read(records, sql<boolean>`lower(${admins.email}) = ${lower}`, [
        sql`lower(${admins.email}) = ${lower} desc`,
        sql`${admins.email} = ${email} desc`,
        // Nobody has that address: take a hash of the kind this HRMS makes.
        sql`${admins.role} = 'SUPER_ADMIN' desc`,
        desc(admins.isActive),
        admins.id,
      ]);
    },
    byId: (id) => read(records, sql<boolean>`${admins.id} = ${id}`, [desc(eq(admins.id, id)), admins.id]),
  };
}

async function read(
  records: Records,
  wanted: ReturnType<typeof sql<boolean>>,
  order: (typeof admins.id | ReturnType<typeof sql>)[],
): Promise<Lookup> {
  try {
    const [row] = await records.transaction(async (tx) => {
      // The HRMS's tables are in `public`; our connections have an empty search_path.
      await tx.execute(sql.raw(`SET LOCAL lock_timeout = '${LOCK_WAIT}'; SET LOCAL search_path = public`));
      return tx
        .select({
          wanted,
          id: admins.id,
          email: admins.email,
          passwordHash: admins.password,
          fullName: admins.fullName,
          role: admins.role,
          isActive: admins.isActive,
          mustChangePassword: admins.mustChangePassword,
          passwordExpiresAt: admins.passwordExpiresAt,
        })
        .from(admins)
        .orderBy(...order)
        .limit(1);
    });
    if (!row?.wanted) return { found: 'none', sampleHash: row?.passwordHash ?? null };
    const { wanted: _, ...administrator } = row;
    return { found: 'one', administrator };
  } catch (error) {
    const code = faultCode(error);
    if (code === '55P03') return { found: 'locked' };
    // No such table, schema or column: whatever is there now is not the HRMS's table of administrators.
    if (code === '42P01' || code === '3F000' || code === '42703') return { found: 'lost' };
    return asking('reading the administrators', () => Promise.reject(error));
  }
}
