import type { SignInRow } from './sign-in-rows.ts';

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
export function administratorChanges(now: readonly SignInRow[], then: readonly SignInRow[]): AdministratorChange[] {
  const keyOf = ({ email }: SignInRow) => (email ?? '').toLowerCase();
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

function differences(now: SignInRow, then: SignInRow): AdministratorChange['what'] {
  const what: AdministratorChange['what'] = [];
  if (now.role !== then.role) what.push('role');
  if (now.password !== then.password) what.push('password');
  if (now.isActive !== then.isActive) what.push('active');
  // Sessions and tokens belong to it.
  if (now.id !== then.id) what.push('identity');
  return what;
}
