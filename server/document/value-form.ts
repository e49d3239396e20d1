import { readTypeReference } from '../../db/model/type-reference.ts';
import type { UserType } from '../archive/manifest/manifest.ts';

/**
 * Form of a column's values in a BackupData document, as Drizzle returns them. Numerics and 64-bit integers are
 * strings, times are ISO with at least milliseconds and `Z`, arrays are lists, JSON stays as it is. Everything else is
 * PostgreSQL's text.
 */
export type JsonForm = ScalarForm | { kind: 'array'; element: ScalarForm };

export type ScalarForm =
  /** PostgreSQL's own text, as a string. */
  | { kind: 'text'; longest: number | null }
  | { kind: 'boolean' }
  /** Always fits a JavaScript number, so it is one. */
  | { kind: 'integer' }
  | { kind: 'float' }
  /** May not fit a JavaScript number, so it is a string of digits. */
  | { kind: 'digits'; whole: boolean; scale: number | null }
  | { kind: 'moment'; zoned: boolean; digits: number }
  | { kind: 'date' }
  /** JSON inside JSON, its text untouched. `json` keeps spacing and repeated keys, `jsonb` has neither. */
  | { kind: 'json'; binary: boolean };

/**
 * Returns the form of a column of this type. `types` are the user-made types it may be built on; a domain has the form
 * of its base type.
 */
export function jsonForm(sqlType: string, types: readonly UserType[], depth = 0): JsonForm {
  if (sqlType.endsWith('[]')) return arrayForm(sqlType.slice(0, -2), types, depth);
  const domain = depth < 20 ? domainNamed(sqlType, types) : undefined;
  return domain ? jsonForm(domain.baseType, types, depth + 1) : scalarForm(sqlType);
}

function arrayForm(elementType: string, types: readonly UserType[], depth: number): JsonForm {
  const element = jsonForm(elementType, types, depth);
  // box[] is the one array with another delimiter; in an array of JSON its null and SQL's would look alike.
  const plain = elementType !== 'box' && element.kind !== 'array' && element.kind !== 'json';
  return plain ? { kind: 'array', element } : { kind: 'text', longest: null };
}

function scalarForm(sqlType: string): ScalarForm {
  const [, base = sqlType, modifier, rest = ''] = /^([^(]*?)\s*\(([^)]*)\)(.*)$/.exec(sqlType) ?? [];
  const size = modifier === undefined ? null : Number(modifier.split(',').at(-1));
  switch (base + rest) {
    case 'boolean':
      return { kind: 'boolean' };
    case 'smallint':
    case 'integer':
      return { kind: 'integer' };
    case 'real':
    case 'double precision':
      return { kind: 'float' };
    case 'bigint':
      return { kind: 'digits', whole: true, scale: null };
    case 'numeric':
      return { kind: 'digits', whole: false, scale: size !== null && size >= 0 ? size : null };
    case 'date':
      return { kind: 'date' };
    case 'timestamp without time zone':
      return { kind: 'moment', zoned: false, digits: size ?? 6 };
    case 'timestamp with time zone':
      return { kind: 'moment', zoned: true, digits: size ?? 6 };
    case 'json':
      return { kind: 'json', binary: false };
    case 'jsonb':
      return { kind: 'json', binary: true };
    case 'character varying':
    case 'character':
      return { kind: 'text', longest: size };
    default:
      return { kind: 'text', longest: null };
  }
}

function domainNamed(sqlType: string, types: readonly UserType[]): (UserType & { kind: 'domain' }) | undefined {
  const named = readTypeReference(sqlType);
  return types
    .filter((type) => type.kind === 'domain')
    .find((type) => type.schema === named?.type.schema && type.name === named.type.name);
}
