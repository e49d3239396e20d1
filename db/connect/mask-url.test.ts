import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { maskDatabaseUrl, UNREADABLE_URL } from './mask-url.ts';

describe('maskDatabaseUrl()', () => {
  test.each([
    ['postgres://anna:hunter2@db.example:5433/hrms?sslmode=require', 'postgres://db.example:5433/hrms'],
    ['postgresql://anna@db.example/hrms', 'postgres://db.example/hrms'],
    ['POSTGRES://anna:hunter2@DB:1/x', 'postgres://DB:1/x'],
    ['postgres://anna:hun@ter2@db/hrms', 'postgres://db/hrms'],
    ['postgres://[::1]:5432/hrms', 'postgres://[::1]:5432/hrms'],
    ['postgres://db/with%20space', 'postgres://db/with%20space'],
    ['postgres:///hrms?host=/run/postgresql&password=hunter2', 'postgres:///hrms'],
    ['postgres:///hrms?host=db.example&password=hunter2', 'postgres://db.example/hrms'],
    ['host=db.example port=5433 dbname=hrms user=anna password=hunter2', 'postgres://db.example:5433/hrms'],
    ["host=db password='hunter2 it\\'s' dbname='my hrms'", 'postgres://db/my%20hrms'],
    ['dbname=hrms password=hunter2', 'postgres://localhost/hrms'],
    ['postgres://anna:hunter2@a:1,b:2/hrms?sslpassword=hunter2', 'postgres://a:1,b:2/hrms'],
    ['host=a,b,/run port=1,2,3 dbname=hrms sslpassword=hunter2', 'postgres://a:1,b:2,:3/hrms'],
    ['host=a,b port=5433 dbname=hrms', 'postgres://a:5433,b:5433/hrms'],
    ['postgres:///?host=db&dbname=hrms&password=hunter2&passfile=/hunter2', 'postgres://db/hrms'],
    ['postgres://anna:hunter2@%2Frun%2Fpostgresql:5433/hrms', 'postgres://:5433/hrms'],
  ])('shows of %p only host, port and database', (text, masked) => {
    expect(maskDatabaseUrl(text)).toBe(masked);
  });

  test.each([
    'postgres://anna:12/hunter2@db/hrms',
    'postgres://anna:hunter2#1@db/hrms',
    'postgres://anna:1?hunter2@db/hrms',
    'mysql://anna:hunter2@db/hrms',
    "host=db password='hunter2",
    'hunter2',
    '',
  ])('gives a fixed mask for %p', (text) => {
    expect(maskDatabaseUrl(text)).toBe(UNREADABLE_URL);
  });

  test('never shows a password, however it is written', () => {
    const secret = fc.string({ unit: 'grapheme', minLength: 0, maxLength: 12 }).map((text) => `S3${text}cr3t`);
    const forms = (password: string) => [
      `postgres://anna:${password}@db/hrms`,
      `postgres://anna:${encodeURIComponent(password)}@db:5432/hrms`,
      `postgres://db/hrms?password=${encodeURIComponent(password)}`,
      `postgres://db/hrms?password=${password}`,
      `postgres://anna:${encodeURIComponent(password)}@a:1,b:2/hrms?sslpassword=${encodeURIComponent(password)}`,
      `host=db dbname=hrms password=${password}`,
      `host=db password='${password.replaceAll(/['\\]/g, '\\$&')}' dbname=hrms`,
    ];
    fc.assert(
      fc.property(secret, (password) => {
        for (const form of forms(password)) expect(maskDatabaseUrl(form)).not.toMatch(/s3|cr3t/i);
      }),
    );
  });
});
