import { readTypeReference } from '../../../db/model/type-reference.ts';
import type { Manifest, ManifestTable } from '../../archive/manifest/manifest.ts';

/** How values of a column are told from one another. */
export interface Equality {
  /** Values of columns of the same family can be compared by their canonical text. */
  family: string;
  /** One text for all values that PostgreSQL calls equal, and for no other. */
  canonical(value: string): string;
}

type Column = Pick<ManifestTable['columns'][number], 'sqlType' | 'collation'>;
type Types = Pick<Manifest, 'types' | 'collations'>;

const same = (value: string) => value;

/** Whole numbers are written like a `numeric` without decimals, so that a foreign key may go from one to the other. */
const NUMBER: Equality = { family: 'number', canonical: plainNumber };
const TEXT: Equality = { family: 'text', canonical: same };
const PADDED: Equality = { family: 'padded text', canonical: (value) => value.replace(/ +$/, '') };

/** Types without collation of which PostgreSQL writes equal values as equal text, and only those. */
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

/** More domains than anybody puts upon one another; a manifest may hold a ring of them. */
const DEEPEST = 32;

/** How the values of a column are compared, or null when text does not tell whether PostgreSQL calls them equal. */
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

/** Under a collation that is not deterministic, `a` may equal `A`. Those PostgreSQL brings all are. */
function isDeterministic(collation: { schema: string; name: string } | null, { collations = [] }: Types): boolean {
  if (collation === null || collation.schema === 'pg_catalog') return true;
  return collations.some(
    ({ schema, name, deterministic }) => schema === collation.schema && name === collation.name && deterministic,
  );
}

/** `numeric(10,2)` without its brackets; a timestamp has them in its middle. */
function withoutModifier(sqlType: string): string {
  return sqlType.startsWith('"') ? sqlType : sqlType.replace(/\(\d+(?:,-?\d+)?\)/, '');
}

/** `numeric` keeps the zeros it was given at the end of its decimals. */
function plainNumber(value: string): string {
  return value.includes('.') ? value.replace(/0+$/, '').replace(/\.$/, '') : value;
}

function plainZero(value: string): string {
  return value === '-0' ? '0' : value;
}
