import { describe, expect, test } from 'bun:test';
import { readTarget } from '../../connect/address/target.ts';
import { codeThrown } from '../../testing/code-of.fixture.ts';
import { configsIn, readKitConfig } from './kit-config.ts';

const read = (more: object) =>
  readKitConfig({ dialect: 'postgresql', schema: './schema.ts', ...more }, 'drizzle.config.ts');
const url = (dbCredentials: object, more: object = {}) => read({ dbCredentials, ...more }).databaseUrl();
const kept = (filters: object, names: string[]) => {
  const { isIncluded: keeps } = read(filters);
  return names.filter((name) => {
    const [schema = '', table] = name.includes('.') ? name.split('.') : ['public', name];
    return keeps({ schema, name: table ?? '' });
  });
};

describe('a drizzle-kit configuration', () => {
  test('is told from a schema module by what it holds, as an object, a function, a promise or a list', async () => {
    const config = { dialect: 'postgresql', schema: 'x' };
    const shapes = [config, () => config, async () => config, Promise.resolve(config), [config]].map((value) => ({
      default: value,
    }));
    expect(await Promise.all([...shapes, { ...config }].map(configsIn))).toEqual(Array(6).fill([config]));
    const others = [
      {},
      { default: {} },
      { default: { users: {} } },
      { default: () => ({}) },
      { default: Promise.reject(new Error('no')) },
      { schema: {}, users: {} },
    ];
    expect(await Promise.all(others.map(configsIn))).toEqual(others.map(() => []));
  });

  test('is refused by name for another dialect, none, no schema, or a value drizzle-kit does not take', () => {
    const faulty = [
      { dialect: 'mysql' },
      { dialect: undefined },
      { schema: undefined },
      { casing: 'kebab' },
      { schema: 3 },
    ];
    for (const more of faulty) expect(codeThrown(() => read(more))).toBe('CONFIG_INVALID');
    expect(() => read({ dialect: 'mysql' })).toThrow('mysql');
    expect(() => read({ casing: 'kebab' })).toThrow('casing');
    expect(read({ dialect: undefined, driver: 'pg' }).schema).toEqual(['./schema.ts']);
  });

  test('filters tables as drizzle-kit does: by glob, by list, and away with an exclamation mark', () => {
    const all = ['a_one', 'a_two', 'b_one', 'spatial_ref_sys'];
    expect(kept({}, all)).toEqual(all);
    expect(kept({ tablesFilter: 'a_*' }, all)).toEqual(['a_one', 'a_two']);
    expect(kept({ tablesFilter: ['a_*', '!*_two'] }, all)).toEqual(['a_one', 'b_one', 'spatial_ref_sys']);
    expect(kept({ tablesFilter: ['!b_*'] }, all)).toEqual(['a_one', 'a_two', 'spatial_ref_sys']);
    expect(kept({ tablesFilter: ['{a,b}_one'] }, all)).toEqual(['a_one', 'b_one']);
    expect(kept({ extensionsFilters: ['postgis'] }, all)).toEqual(['a_one', 'a_two', 'b_one']);
    expect(kept({ tablesFilter: ['b_*'], extensionsFilters: ['postgis'] }, all)).toEqual(['a_one', 'a_two', 'b_one']);
    const schemas = ['one', 'auth.one', 'other.one'];
    expect(kept({}, schemas)).toEqual(schemas);
    expect(kept({ schemaFilter: ['public', 'auth'] }, schemas)).toEqual(['one', 'auth.one']);
    expect(kept({ schemaFilter: 'auth' }, schemas)).toEqual(['auth.one']);
  });

  test('names its database by address or by parts, whatever characters they hold', () => {
    expect(url({ url: 'postgres://u:p@h/d' })).toBe('postgres://u:p@h/d');
    expect(url({ connectionString: 'postgres://u:p@h/d' }, { driver: 'pg' })).toBe('postgres://u:p@h/d');
    const made = new URL(url({ host: 'h', port: '6543', user: 'a@b', password: 'p/:#?@%', database: 'd e' }) ?? '');
    expect([
      made.hostname,
      made.port,
      ...[made.username, made.password, made.pathname.slice(1)].map(decodeURIComponent),
    ]).toEqual(['h', '6543', 'a@b', 'p/:#?@%', 'd e']);
    expect(url({ host: '::1', database: 'd' })).toBe('postgres://[::1]/d');
    const modes = [false, true, 'require', 'allow', 'verify-full', { rejectUnauthorized: false }].map((ssl) =>
      new URL(url({ host: 'h', database: 'd', ssl }) ?? '').searchParams.get('sslmode'),
    );
    expect(modes).toEqual([null, 'verify-full', 'require', 'allow', 'verify-full', 'require']);
    expect(readTarget(url({ host: '/run/a b', user: 'u', database: 'd' }) ?? '')).toMatchObject({
      endpoints: [{ host: '/run/a b' }],
      user: 'u',
      database: 'd',
    });
    expect(codeThrown(() => url({ host: 'h', database: 'd', ssl: { ca: 'x' } }))).toBe('CONFIG_INVALID');
    for (const none of [{}, { url: undefined }, { host: 'h' }]) expect(url(none)).toBeNull();
    for (const driver of ['pglite', 'aws-data-api'])
      expect(() => url({ url: './pgdata' }, { driver })).toThrow(`by the driver ${driver}`);
  });
});
