import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { TestLibrary } from '../../server/testing/test-library.fixture.ts';
import type { CommandFolder } from '../command/command-folder.fixture.ts';
import { libraryFolder } from '../command/filled-folders.fixture.ts';

/** A password long and full of signs, so that it is found in any spelling. */
const SECRET = 'Tr0ub4dor#3@/:horse';
let fixture: Awaited<ReturnType<typeof libraryFolder>>;
let library: TestLibrary;
let folder: CommandFolder;
beforeAll(async () => {
  fixture = await libraryFolder();
  ({ library, folder } = fixture);
});
afterAll(() => fixture[Symbol.asyncDispose]());

const secretly = (other: Partial<Pick<URL, 'hostname' | 'port' | 'username'>> = {}) =>
  Object.assign(new URL(library.database.url), { password: encodeURIComponent(SECRET), ...other }).href;
const ADDRESSES: { what: string; address: () => string; exit: number; code: string }[] = [
  {
    what: 'a host that does not exist',
    address: () => secretly({ hostname: 'nowhere.invalid' }),
    exit: 2,
    code: 'DATABASE_UNREACHABLE',
  },
  { what: 'a port nobody listens on', address: () => secretly({ port: '1' }), exit: 2, code: 'DATABASE_UNREACHABLE' },
  {
    what: 'a database that does not exist',
    address: () => library.database.url.replace(library.database.name, `no_${library.database.name}`),
    exit: 2,
    code: 'DATABASE_UNREACHABLE',
  },
  { what: 'a wrong password', address: () => secretly(), exit: 2, code: 'DATABASE_AUTH_FAILED' },
  { what: 'an unknown user', address: () => secretly({ username: 'stranger' }), exit: 2, code: 'DATABASE_AUTH_FAILED' },
  {
    what: 'a password with signs not encoded',
    address: () => `postgres://me:${SECRET}@127.0.0.1:5432/db`,
    exit: 4,
    code: 'CONFIG_INVALID',
  },
  {
    what: 'words instead of a URL',
    address: () => `host=127.0.0.1 port=1 dbname=db password=${SECRET}`,
    exit: 2,
    code: 'DATABASE_UNREACHABLE',
  },
  { what: 'no address at all', address: () => `nowhere password=${SECRET}`, exit: 4, code: 'CONFIG_INVALID' },
  {
    what: 'a port that is none',
    address: () => `postgres://me:${encodeURIComponent(SECRET)}@127.0.0.1:99999/db`,
    exit: 4,
    code: 'CONFIG_INVALID',
  },
];

for (const { what, address, exit, code } of ADDRESSES) {
  describe(`DATABASE_URL with ${what}`, () => {
    for (const [command, words] of [
      ['backup', []],
      ['backup', ['--check']],
      ['restore', ['./library.zip', '--yes']],
    ] as const) {
      test(`ends ${[command, ...words].join(' ')} with exit code ${exit} and ${code}, and no output holds the password`, async () => {
        for (const form of ['--verbose', '--json']) {
          const env = {
            DATABASE_URL: address(),
            BACKUP_SCHEMA: join(import.meta.dir, '../../server/testing/library.fixture.ts'),
          };
          const { code: exitCode, stdout, stderr } = await folder.run(command, [...words, form], env);
          expect([exitCode, stderr]).toEqual([exit, expect.stringContaining(code)]);
          for (const secret of [
            SECRET,
            encodeURIComponent(SECRET),
            'Tr0ub4dor',
            'horse',
            `:${new URL(library.database.url).password}@`,
          ]) {
            expect(`${stdout}${stderr}`).not.toContain(secret);
          }
        }
        expect(await folder.files()).toEqual([]);
      });
    }
  });
}
