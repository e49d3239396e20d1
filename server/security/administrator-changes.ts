import { sha256 } from './sha256.ts';

/** What decides whether somebody may sign in, and as what. */
export interface SignInFacts {
  id: string | null;
  email: string | null;
  password: string | null;
  role: string | null;
  isActive: boolean;
}

/** What a restore would make of one administrator. */
export interface AdministratorChange {
  email: string;
  change: 'new' | 'changed' | 'removed';
  /** Afterwards; null for one who is removed. */
  role: string | null;
  /** Now; null for a new one. */
  roleNow: string | null;
  /** What of him would be another. */
  what: ('role' | 'password' | 'active' | 'identity')[];
}

/** Compares who may sign in now with who could afterwards, found by e-mail address as the sign-in finds them. Pure. */
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

/** What is given again by whoever has seen these changes and means them: another one for other changes or another archive. Pure. */
export function confirmationOf(digest: string, changes: readonly AdministratorChange[]): string {
  return sha256(JSON.stringify([digest, changes])).slice(0, 32);
}

function differences(now: SignInFacts, then: SignInFacts): AdministratorChange['what'] {
  const what: AdministratorChange['what'] = [];
  if (now.role !== then.role) what.push('role');
  if (now.password !== then.password) what.push('password');
  if (now.isActive !== then.isActive) what.push('active');
  // Sessions and tokens hang on it.
  if (now.id !== then.id) what.push('identity');
  return what;
}
