import { expect, test } from 'bun:test';
import { maskDatabaseUrl } from '../../../db/connect/mask-url.ts';
import { sampleManifest } from '../sample.fixture.ts';
import { compareOrigin, originInUrl, originOf, originText } from './origin.ts';

test('where a backup comes from is told by host, and without one by the server’s own identifier', () => {
  const textOf = (url: string) => originText(originInUrl(maskDatabaseUrl(url)));
  expect(textOf('postgres://me:secret@db.example:5432/hrms')).toBe('hrms at db.example:5432');
  expect(textOf('postgres://me@a:1,b:2/pay%20roll')).toBe('pay roll at a:1,b:2');
  expect(textOf('postgres:///hrms?host=/var/run/postgresql')).toBe('hrms');
  expect(textOf('not an address')).toBeNull();
  const { server, metadata } = sampleManifest([]);
  const made = { kind: 'full' as const, metadata: { ...metadata, databaseUrl: 'postgres:///palace' } };
  const told = { ...server, systemIdentifier: '7301' };
  expect(originText(originOf({ ...made, server: told }))).toBe('palace on server 7301');
  const accepted = { kind: 'uploaded' as const, metadata: { ...metadata, databaseUrl: 'postgres://old/hrms' } };
  expect(originText(originOf({ ...accepted, server: told }))).toBe('hrms at old');
});

test('one database is known again by name and server, however it is reached, and never taken for another', () => {
  const database = (name: string | null, host: string | null, systemIdentifier: string | null) => ({
    database: name,
    host,
    systemIdentifier,
  });
  const here = database('hrms', 'db:5432', '1');
  expect(compareOrigin(database('hrms', '127.0.0.1:5433', '1'), here)).toBe('same');
  expect(compareOrigin(database('hrms', 'db:5432', '2'), here)).toBe('other');
  expect(compareOrigin(database('test', 'db:5432', '1'), here)).toBe('other');
  expect(compareOrigin(database('hrms', 'db:5432', null), here)).toBe('same');
  expect(compareOrigin(database('hrms', 'other:5432', null), here)).toBe('unknown');
  expect(compareOrigin(database('hrms', null, null), here)).toBe('unknown');
  expect(compareOrigin(database(null, 'db:5432', null), here)).toBe('unknown');
});
