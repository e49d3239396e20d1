import { type ArrayTree, formatArray, parseArray } from '../archive/rows/pg-array.ts';
import type { JsonForm, ScalarForm } from './value-form.ts';

/** A number of a document as written, because a JavaScript number would round it. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type JsonLeaf = string | JsonNumber | boolean | null;

/** Thrown with what a value should have been, never with the value. */
export class WrongValue extends Error {}

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const JSON_INTEGER = /^-?(0|[1-9]\d*)$/;
const NO_NUMBER = new Set(['NaN', 'Infinity', '-Infinity']);

/**
 * Converts PostgreSQL's text of a value to one valid JSON value, whatever the text is. Throws RangeError for text that
 * PostgreSQL does not write and that no JSON can express.
 */
export function toJson(form: JsonForm, text: string): string {
  switch (form.kind) {
    case 'boolean':
      return text === 't' ? 'true' : text === 'f' ? 'false' : JSON.stringify(text);
    case 'integer':
      return JSON_INTEGER.test(text) ? text : JSON.stringify(text);
    case 'float':
      return JSON_NUMBER.test(text) ? text : JSON.stringify(text);
    case 'moment':
      return JSON.stringify(isoMoment(text));
    case 'json':
      return checkedJson(text);
    case 'array': {
      const tree = parseArray(text);
      return tree === null ? JSON.stringify(text) : arrayJson(form.element, tree);
    }
    case 'digits':
    case 'date':
    case 'text':
      return JSON.stringify(text);
    default:
      throw new RangeError(`no such form: ${form satisfies never}`);
  }
}

function arrayJson(element: ScalarForm, tree: ArrayTree<string | null>): string {
  const items = tree.map((item) =>
    Array.isArray(item) ? arrayJson(element, item) : item === null ? 'null' : toJson(element, item),
  );
  return `[${items.join(',')}]`;
}

/**
 * Converts `2024-03-01 10:20:30.123456+00` to `2024-03-01T10:20:30.123456Z`, with at least milliseconds. Leaves
 * infinity and years BC as PostgreSQL writes them.
 */
function isoMoment(text: string): string {
  const match = /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:\+00)?$/.exec(text);
  return match ? `${match[1]}T${match[2]}.${(match[3] ?? '').padEnd(3, '0')}Z` : text;
}

/** Returns the text once it parses as JSON, because an archive may claim that of any text. */
function checkedJson(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch (cause) {
    throw new RangeError('a JSON column holds what is not JSON', { cause });
  }
}

/**
 * Returns the text PostgreSQL reads as this value; null stays null. Throws WrongValue for a value that the column could
 * not hold exactly.
 */
export function fromJson(form: ScalarForm, value: JsonLeaf): string | null {
  if (value === null) return null;
  switch (form.kind) {
    case 'boolean':
      if (typeof value !== 'boolean') throw new WrongValue('must be true or false');
      return value ? 't' : 'f';
    case 'integer':
      if (!(value instanceof JsonNumber) || !JSON_INTEGER.test(value.text))
        throw new WrongValue('must be a whole number');
      return value.text;
    case 'float':
      if (value instanceof JsonNumber) return value.text;
      if (typeof value === 'string' && NO_NUMBER.has(value)) return value;
      throw new WrongValue('must be a number');
    case 'digits':
      return digits(form, value);
    case 'moment':
      return moment(form, value);
    case 'date':
      if (typeof value !== 'string' || !/^(\d{4,}-\d\d-\d\d( BC)?|-?infinity)$/.test(value))
        throw new WrongValue('must be a date like "2026-11-23"');
      return value;
    case 'text':
      return plainText(form, value);
    case 'json':
      throw new TypeError('JSON columns are taken as text');
    default:
      throw new RangeError(`no such form: ${form satisfies never}`);
  }
}

/**
 * Converts a list as `fromJson` does a value. Takes a string only when it is PostgreSQL's text of an array with
 * explicit lower bounds.
 */
export function arrayFromJson(element: ScalarForm, value: JsonLeaf | ArrayTree<JsonLeaf>): string | null {
  if (value === null) return null;
  if (Array.isArray(value)) return formatArray(mapTree(value, (leaf) => fromJson(element, leaf)));
  if (typeof value === 'string' && /^(\[-?\d+:-?\d+\])+=\{/.test(value)) return value;
  throw new WrongValue('must be a list');
}

function mapTree<From, To>(tree: ArrayTree<From>, change: (leaf: From) => To): ArrayTree<To> {
  return tree.map((item) => (Array.isArray(item) ? mapTree(item, change) : change(item)));
}

/**
 * Returns the digits of a number. Throws WrongValue for one too fine for the column, because PostgreSQL would round it
 * silently.
 */
function digits(form: ScalarForm & { kind: 'digits' }, value: JsonLeaf): string {
  const text = value instanceof JsonNumber ? value.text : value;
  const wanted = form.whole ? 'must be a whole number, as a string' : 'must be a number, as a string';
  if (typeof text !== 'string') throw new WrongValue(wanted);
  if (!form.whole && NO_NUMBER.has(text)) return text;
  const match = /^-?\d+(?:\.(\d+))?([eE][+-]?\d+)?$/.exec(text);
  if (!match || (form.whole && (match[1] !== undefined || match[2] !== undefined))) throw new WrongValue(wanted);
  if (form.scale !== null && decimalPlaces(match[1] ?? '', match[2]) > form.scale)
    throw new WrongValue(`must have at most ${form.scale} decimal places`);
  return text;
}

function decimalPlaces(fraction: string, exponent: string | undefined): number {
  const used = fraction.replace(/0+$/, '').length;
  return used - Number(exponent?.slice(1) ?? 0);
}

const MOMENT = /^([+-]\d{6}|\d{4,6})-(\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d(?::?\d\d)?)?( BC)?$/;

function moment(form: ScalarForm & { kind: 'moment' }, value: JsonLeaf): string {
  const wanted = 'must be a time like "2026-11-23T09:08:04.123Z"';
  if (typeof value !== 'string') throw new WrongValue(wanted);
  if (value === 'infinity' || value === '-infinity') return value;
  const match = MOMENT.exec(value);
  if (!match) throw new WrongValue(wanted);
  const [, year = '', day, time, fraction = '', zone, era = ''] = match;
  // PostgreSQL ignores the zone in a value for a type without one: the moment would move silently.
  if (!form.zoned && zone !== undefined && !/^(Z|[+-]00(:?00)?)$/.test(zone))
    throw new WrongValue('must be in UTC (Z)');
  if (form.zoned && zone === undefined) throw new WrongValue('must say its time zone (Z)');
  if (fraction.replace(/0+$/, '').length > form.digits)
    throw new WrongValue(`must have at most ${form.digits} digits after the second`);
  const counted = Number(year);
  // JavaScript counts a year zero, and writes years beyond four digits with a sign.
  const before = year.startsWith('-');
  const shown = String(before ? 1 - counted : counted).padStart(4, '0');
  const part = fraction === '' ? '' : `.${fraction}`;
  return `${shown}-${day} ${time}${part}${form.zoned ? (zone ?? '') : ''}${before ? ' BC' : era}`;
}

function plainText(form: ScalarForm & { kind: 'text' }, value: JsonLeaf): string {
  if (typeof value !== 'string') throw new WrongValue('must be a string');
  if (value.includes('\0')) throw new WrongValue('must not hold a NUL character');
  if (!value.isWellFormed()) throw new WrongValue('must not hold half a surrogate pair');
  // PostgreSQL would cut spaces beyond the length silently.
  if (form.longest !== null && value.length > form.longest && [...value].length > form.longest)
    throw new WrongValue(`must have at most ${form.longest} characters`);
  return value;
}
