import { sha256 } from './sha256.ts';

/** Fields of an administrator that decide about signing in, and with which rights. */
export interface SignInFacts {
  id: string | null;
  email: string | null;
  password: string | null;
  role: string | null;
  isActive: boolean;
}

/** Change that a restore would make to one administrator. */
export interface AdministratorChange {
  email: string;
  change: 'new' | 'changed' | 'removed';
  /** Role after the restore; null when removed. */
  role: string | null;
  /** Role now; null when new. */
  roleNow: string | null;
  /** Facts that would change. */
  what: ('role' | 'password' | 'active' | 'identity')[];
}

/** Compares the administrators now with those after a restore, matched by e-mail address as signing in does. Pure. */
export function administratorChanges(now: readonly SignInFacts[], then: readonly SignInFacts[]): AdministratorChange[] {
  const keyOf = ({ email }: SignInFacts) => (email ?? '').toLowerCase();
  const before = Map.groupBy(now, keyOf);
  const changes = then.flatMap((row): AdministratorChange[] => {
    const known = before.get(keyOf(row)) ?? [];
    const [nearest] = known;
    const email = row.email ?? '';
    if (!nearest) return [{ email, change: 'new', role: row.role, roleNow: null, what: [] }];
    if (known.some((one) => differences(one, row).length === 0)) return [];
    const what = differences(nearest, row);
    return [{ email, change: 'changed', role: row.role, roleNow: nearest.role, what }];
  });
  const after = new Set(then.map(keyOf));
  const removed = now
    .filter((row) => !after.has(keyOf(row)))
    .map(({ email, role }) => ({
      email: email ?? '',
      change: 'removed' as const,
      role: null,
      roleNow: role,
      what: [],
    }));
  return [...changes, ...removed];
}

/**
 * Returns the confirmation to send back for exactly these changes and this archive; any other change or archive has
 * another one. Pure.
 */
export function confirmationOf(digest: string, changes: readonly AdministratorChange[]): string {
  return sha256(JSON.stringify([digest, changes])).slice(0, 32);
}

function differences(now: SignInFacts, then: SignInFacts): AdministratorChange['what'] {
  const what: AdministratorChange['what'] = [];
  if (now.role !== then.role) what.push('role');
  if (now.password !== then.password) what.push('password');
  if (now.isActive !== then.isActive) what.push('active');
  // Sessions and tokens belong to it.
  if (now.id !== then.id) what.push('identity');
  return what;
}
