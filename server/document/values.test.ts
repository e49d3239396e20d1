import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { jsonForm } from './value-form.ts';
import { toJson } from './values.ts';

const TYPES =
  'boolean,smallint,integer,bigint,numeric(10,2),real,double precision,date,timestamp(3) without time zone,timestamp with time zone,json,jsonb,text,character(3),text[],integer[],jsonb[],box[]'.split(
    /,(?![\d])/,
  );

test('whatever an archive says that a column holds, its document stays one valid JSON value', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '01',
      '1e',
      'tru',
      '1}',
      '"',
      '{',
      '[',
      'null',
      'NaN',
      '-',
      '{a,"b}',
      '[1:1]={x}',
      '2024-01-01 00:00:00+05',
    ),
    fc.json(),
  );
  fc.assert(
    fc.property(fc.constantFrom(...TYPES), texts, (type, text) => {
      let json: string;
      try {
        json = toJson(jsonForm(type, []), text);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        return;
      }
      JSON.parse(json);
    }),
  );
});

describe('values are as Drizzle gives them:', () => {
  const cases: [type: string, text: string, json: string][] = [
    ['boolean', 't', 'true'],
    ['integer', '-7', '-7'],
    ['bigint', '9223372036854775807', '"9223372036854775807"'],
    ['numeric(10,2)', '1500.50', '"1500.50"'],
    ['double precision', '1e-07', '1e-07'],
    ['double precision', '-0', '-0'],
    ['real', 'NaN', '"NaN"'],
    ['real', '-Infinity', '"-Infinity"'],
    ['timestamp(3) without time zone', '2024-03-01 10:20:30', '"2024-03-01T10:20:30.000Z"'],
    ['timestamp(3) without time zone', '2024-03-01 10:20:30.5', '"2024-03-01T10:20:30.500Z"'],
    ['timestamp without time zone', '2024-03-01 10:20:30.123456', '"2024-03-01T10:20:30.123456Z"'],
    ['timestamp with time zone', '2024-03-01 10:20:30.12+00', '"2024-03-01T10:20:30.120Z"'],
    ['timestamp without time zone', '0044-03-15 12:00:00 BC', '"0044-03-15 12:00:00 BC"'],
    ['date', '2024-03-01', '"2024-03-01"'],
    ['jsonb', '{"a": 12345678901234567890.10}', '{"a": 12345678901234567890.10}'],
    ['text[]', '{a,NULL,"NULL"}', '["a",null,"NULL"]'],
    ['boolean[]', '{t,f}', '[true,false]'],
    ['numeric(10,2)[]', '{1.50}', '["1.50"]'],
    ['text[]', '[2:3]={a,b}', '"[2:3]={a,b}"'],
    ['interval', '1 mon', '"1 mon"'],
  ];
  for (const [type, text, json] of cases)
    test(`${type} ${text}`, () => {
      expect(toJson(jsonForm(type, []), text)).toBe(json);
    });
});

test('a domain looks like what it is made of, a domain of a domain too, quoted names among them', () => {
  const domain = (name: string, baseType: string) => ({
    kind: 'domain' as const,
    schema: 'My Schema',
    name,
    baseType,
    notNull: false,
    defaultSql: null,
    checks: [],
  });
  const types = [domain('pos.itive', 'integer'), domain('twice', '"My Schema"."pos.itive"'), domain('list', 'text[]')];
  expect(jsonForm('"My Schema"."pos.itive"', types)).toEqual({ kind: 'integer' });
  expect(jsonForm('"My Schema".twice[]', types)).toEqual({ kind: 'array', element: { kind: 'integer' } });
  expect(jsonForm('"My Schema".list', types)).toMatchObject({ kind: 'array' });
  expect(jsonForm('"My Schema".other', types)).toEqual({ kind: 'text', longest: null });
});
