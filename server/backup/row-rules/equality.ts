import { withoutModifier } from '../../../db/model/sql-type.ts';
import { readTypeReference } from '../../../db/model/type-reference.ts';
import type { Manifest, ManifestTable } from '../../archive/manifest/manifest.ts';

/** Equality of the values of a column, as PostgreSQL sees it. */
export interface Equality {
  /** Columns of the same family can be compared by their canonical text. */
  family: string;
  /** Returns one text for all values that PostgreSQL considers equal, and for no other. */
  canonical(value: string): string;
}

type Column = Pick<ManifestTable['columns'][number], 'sqlType' | 'collation'>;
type Types = Pick<Manifest, 'types' | 'collations'>;

const same = (value: string) => value;

/** Integers are written like a `numeric` without decimals, so that a foreign key may lead from one to the other. */
const NUMBER: Equality = { family: 'number', canonical: plainNumber };
const TEXT: Equality = { family: 'text', canonical: same };
const PADDED: Equality = { family: 'padded text', canonical: (value) => value.replace(/ +$/, '') };

/** Types without collation whose equal values, and only those, PostgreSQL writes as equal text. */
const BY_TEXT = [
  'uuid',
  'boolean',
  'bytea',
  'date',
  'timestamp without time zone',
  'timestamp with time zone',
  'time without time zone',
  'bit',
  'bit varying',
  'macaddr',
  'macaddr8',
  'oid',
];

const KNOWN = new Map<string, Equality>([
  ...['smallint', 'integer', 'bigint', 'numeric'].map((name) => [name, NUMBER] as const),
  ...['real', 'double precision'].map((name) => [name, { family: name, canonical: plainZero }] as const),
  ...BY_TEXT.map((name) => [name, { family: name, canonical: same }] as const),
]);

const COLLATED = new Map<string, Equality>([
  ...['text', 'character varying', 'name'].map((name) => [name, TEXT] as const),
  ...['character', 'bpchar'].map((name) => [name, PADDED] as const),
]);

/** More domains than anybody nests; a manifest may hold a cycle of them. */
const DEEPEST = 32;

/** Returns the equality of a column, or null when text does not tell whether PostgreSQL considers values equal. */
export function equalityOf(column: Column, types: Types): Equality | null {
  let { sqlType, collation = null } = column;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const bare = withoutModifier(sqlType);
    const known = KNOWN.get(bare);
    if (known) return known;
    const collated = COLLATED.get(bare);
    if (collated) return isDeterministic(collation, types) ? collated : null;
    const reference = readTypeReference(sqlType);
    if (reference === null || reference.array) return null;
    const made = types.types.find(
      ({ schema, name }) => schema === reference.type.schema && name === reference.type.name,
    );
    if (made?.kind === 'enum') return { family: `enum ${sqlType}`, canonical: same };
    if (made?.kind !== 'domain') return null;
    sqlType = made.baseType;
    collation ??= made.collation ?? null;
  }
  return null;
}

/**
 * Returns true when only equal texts are equal values. Under a nondeterministic collation `a` may equal `A`; all collations that
 * PostgreSQL brings are deterministic.
 */
function isDeterministic(collation: { schema: string; name: string } | null, { collations = [] }: Types): boolean {
  if (collation === null || collation.schema === 'pg_catalog') return true;
  return collations.some(
    ({ schema, name, deterministic }) => schema === collation.schema && name === collation.name && deterministic,
  );
}

/** Removes the trailing zeros of decimals, which `numeric` keeps as they were given. */
function plainNumber(value: string): string {
  return value.includes('.') ? value.replace(/0+$/, '').replace(/\.$/, '') : value;
}

function plainZero(value: string): string {
  return value === '-0' ? '0' : value;
}
