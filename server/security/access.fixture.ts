import type { RecordsClient } from '../../db/system/records.ts';
import type { TestDatabase } from '../../db/testing/database.ts';
import { testRecords } from '../../db/testing/records.fixture.ts';
import { createSessions, type Sessions } from './sessions/sessions.ts';
import { createThrottle } from './throttle.ts';
import { createTokens, type Tokens } from './tokens/tokens.ts';

/** A clock that stands still until it is moved. */
export interface ManualClock {
  now: () => Date;
  advance(ms: number): void;
}

export function manualClock(start = new Date()): ManualClock {
  let time = start.getTime();
  return {
    now: () => new Date(time),
    advance(ms) {
      time += ms;
    },
  };
}

export interface TestAccess extends AsyncDisposable {
  database: TestDatabase;
  records: RecordsClient['records'];
  clock: ManualClock;
  sessions: Sessions;
  tokens: Tokens;
  /** Hashes compared with a password since the last look. */
  compared: string[];
  addAdmin(admin: Partial<TestAdmin> & { id: string }): Promise<void>;
  /** Signs in as this administrator with the password every test administrator has. */
  enter(id: string): ReturnType<Sessions['signIn']>;
}

export interface TestAdmin {
  id: string;
  email: string;
  password: string;
  role: string;
  isActive: boolean;
  mustChangePassword: boolean;
  passwordExpiresAt: Date | null;
}

export const PASSWORD = 'correct horse battery staple';
export const SECRET_KEY = 'a secret key of at least thirty-two characters';
export const ISSUER = 'https://backup.example.org';
export const BROWSER = { address: '192.0.2.7', userAgent: 'Mozilla/5.0' };

/** Low costs: these tests check who gets in, and not how long that takes. */
export const BCRYPT_HASH = await Bun.password.hash(PASSWORD, { algorithm: 'bcrypt', cost: 4 });
export const ARGON2_HASH = await Bun.password.hash(PASSWORD, { algorithm: 'argon2id', memoryCost: 1024, timeCost: 1 });

/** Creates sessions and tokens over a database of their own. */
export async function testAccess(options: { secureCookies?: boolean; sessionDays?: number } = {}): Promise<TestAccess> {
  const database = await testRecords();
  const { records } = database;
  const clock = manualClock();
  const { now } = clock;
  const compared: string[] = [];
  const sessions = createSessions({
    records,
    throttle: createThrottle({ records }),
    now,
    sessionDays: options.sessionDays ?? 14,
    secureCookies: options.secureCookies ?? true,
    verify(password, hash) {
      compared.push(hash);
      return Bun.password.verify(password, hash);
    },
  });
  return {
    database,
    records,
    clock,
    sessions,
    tokens: createTokens({ records, secretKey: SECRET_KEY, issuer: ISSUER, now }),
    compared,
    async addAdmin(given) {
      const admin = {
        email: `${given.id}@palace.example`,
        password: BCRYPT_HASH,
        role: 'SUPER_ADMIN',
        isActive: true,
        mustChangePassword: false,
        passwordExpiresAt: null,
        ...given,
      };
      await database.query(
        `INSERT INTO public.admins (id, email, password, "fullName", role, "isActive", "mustChangePassword", "passwordExpiresAt", "updatedAt")
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now())`,
        [
          admin.id,
          admin.email,
          admin.password,
          `${admin.id} of the Palace`,
          admin.role,
          admin.isActive,
          admin.mustChangePassword,
          admin.passwordExpiresAt?.toISOString() ?? null,
        ],
      );
    },
    enter: (id) => sessions.signIn({ email: `${id}@palace.example`, password: PASSWORD, ...BROWSER }),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
