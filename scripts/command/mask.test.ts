import { expect, test } from 'bun:test';
import { createMask } from './mask.ts';

test('createMask() removes the password of any connection string, as written and as meant', () => {
  const mask = createMask(['postgres://palace:s3cr%40et@db:5432/palace', undefined]);
  expect(mask('tried s3cr@et and s3cr%40et on db')).toBe('tried *** and *** on db');
});

test('createMask() removes the password of a key, and of words, in every spelling', () => {
  const mask = createMask(['postgres://db/x?sslpassword=op%3Aen', "host=db password='it\\'s me' dbname=x"]);
  expect(mask("op:en, op%3Aen and it's me")).toBe('***, *** and ***');
  expect(createMask([])('sslpassword=hunter2 dbname=x')).toBe('sslpassword=*** dbname=x');
});

test('createMask() removes users and passwords from strings it was not told of', () => {
  const mask = createMask([]);
  expect(mask('to postgresql://bob:hunter2@db/x?sslmode=require')).toBe('to postgresql://***@db/x?sslmode=require');
  expect(mask(`host=db password='it\\'s me' dbname=x`)).toBe('host=db password=*** dbname=x');
  expect(mask('postgres://db/x?user=bob&password=hunter2&a=b')).toBe('postgres://db/x?user=bob&password=***&a=b');
});

test('createMask() knows passwords in parameters, and leaves ordinary words alone', () => {
  const mask = createMask(['postgres://db/x?password=hunter2', 'host=db password=pw']);
  expect(mask('hunter2 is not the pw of the database')).toBe('*** is not the pw of the database');
});
