import type { ObjectName } from './model.ts';
import { quoteIdent } from './quote.ts';

/**
 * Spells a type as PostgreSQL's `format_type` does under `search_path = ''`, whatever the spelling given: `varchar(40)` → `character
 * varying(40)`, `timestamp (3)` → `timestamp(3) without time zone`, `text[][]` → `text[]`. A name unknown to PostgreSQL itself is taken to
 * be in `public` unless it has a schema (`citext` → `public.citext`). Never throws: an unreadable spelling comes back trimmed.
 */
export function canonicalType(spelling: string): string {
  const array = /(?:\s*\[\d*\])+\s*$|\s+array(?:\s*\[\d*\])?\s*$/i;
  const element = spelling.replace(array, '').trim();
  const suffix = array.test(spelling) ? '[]' : '';
  const { words, modifier } = takeModifier(element);
  const named = readName(words);
  if (named && (named.schema ?? 'pg_catalog') !== 'pg_catalog')
    return (
      typeName({ schema: named.schema ?? 'public', name: named.name }) + anyModifier(named.name, modifier) + suffix
    );
  const base = named?.schema === 'pg_catalog' ? named.name : foldCase(words);
  const builtIn = builtInType(base, modifier);
  if (builtIn !== null) return builtIn + suffix;
  // drizzle-kit quotes a bare name as it stands, so its capitals are part of it.
  if (named)
    return (
      typeName({ schema: 'public', name: words.startsWith('"') ? named.name : words }) +
      anyModifier(named.name, modifier) +
      suffix
    );
  return element + suffix;
}

/** Spells a user-defined type as `format_type` does: qualified, quoted only where needed. */
export function typeName(type: ObjectName): string {
  return `${quoteWhereNeeded(type.schema)}.${quoteWhereNeeded(type.name)}`;
}

/** Returns the type without its modifier, as a cast in a default shows it: `numeric(10,2)` → `numeric`. Names in quotes stay whole. */
export function withoutModifier(sqlType: string): string {
  return sqlType.replace(/^((?:"(?:[^"]|"")*"|[^("])*)\([^()]*\)/, '$1');
}

/** Quotes as `quote_ident` does: only names that need it. */
export function quoteWhereNeeded(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !KEYWORDS.has(name) ? name : quoteIdent(name);
}

/** Parses `name`, `schema.name`, `"Quoted".name` as PostgreSQL would, folding unquoted names; null for anything else. */
export function readName(text: string): { schema: string | null; name: string } | null {
  const part = String.raw`("(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
  const match = new RegExp(`^${part}(?:\\s*\\.\\s*${part})?$`, 'u').exec(text.trim());
  if (!match) return null;
  const [first, second] = [match[1] ?? '', match[2]];
  return second === undefined
    ? { schema: null, name: unquote(first) }
    : { schema: unquote(first), name: unquote(second) };
}

function unquote(ident: string): string {
  return ident.startsWith('"') ? ident.slice(1, -1).replaceAll('""', '"') : foldCase(ident);
}

function foldCase(words: string): string {
  return words.includes('"') ? words : words.toLowerCase();
}

/** Removes the first `(…)` outside quotes, which may be in the middle, as in `timestamp (3) with time zone`. */
function takeModifier(text: string): { words: string; modifier: string } {
  const match = /^((?:"(?:[^"]|"")*"|[^("])*)\(([^()]*)\)(.*)$/s.exec(text);
  if (!match) return { words: text.replace(/\s+/g, ' '), modifier: '' };
  return {
    words: `${match[1]} ${match[3]}`.replace(/\s+/g, ' ').trim(),
    modifier: (match[2] ?? '').replace(/\s*,\s*/g, ',').trim(),
  };
}

const paren = (modifier: string) => (modifier === '' ? '' : `(${modifier})`);

function builtInType(base: string, modifier: string): string | null {
  const name = ALIASES[base] ?? base;
  if (name === 'float') return modifier !== '' && Number(modifier) <= 24 ? 'real' : 'double precision';
  if (name === 'character' || name === 'bit') return `${name}(${modifier === '' ? '1' : modifier})`;
  if (name === 'numeric') return `numeric${paren(/^-?\d+$/.test(modifier) ? `${modifier},0` : modifier)}`;
  const time = /^(time|timestamp) (with(?:out)? time zone)$/.exec(name);
  if (time) return `${time[1]}${paren(modifier)} ${time[2]}`;
  if (BUILT_IN.has(name) || /^interval( [a-z ]+)?$/.test(name)) return name + paren(modifier);
  return null;
}

/** Formats the modifier of an extension's type. PostGIS capitalises the kind of geometry. */
function anyModifier(name: string, modifier: string): string {
  if (name !== 'geometry' && name !== 'geography') return paren(modifier);
  return paren(
    modifier.replace(
      /^[a-z]+/i,
      (kind) => GEOMETRIES.find((known) => known.toLowerCase() === kind.toLowerCase()) ?? kind,
    ),
  );
}

const ALIASES: Record<string, string> = {
  int: 'integer',
  int4: 'integer',
  int2: 'smallint',
  int8: 'bigint',
  bool: 'boolean',
  float4: 'real',
  float8: 'double precision',
  decimal: 'numeric',
  dec: 'numeric',
  varchar: 'character varying',
  'char varying': 'character varying',
  char: 'character',
  'national character': 'character',
  nchar: 'character',
  varbit: 'bit varying',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  time: 'time without time zone',
  timetz: 'time with time zone',
};

const BUILT_IN = new Set(
  (
    'integer,smallint,bigint,boolean,real,double precision,character varying,bit varying,bpchar,text,bytea,uuid,json,jsonb,jsonpath,xml,money,date,' +
    'inet,cidr,macaddr,macaddr8,point,line,lseg,box,path,polygon,circle,tsvector,tsquery,name,oid,oidvector,int2vector,xid,xid8,cid,tid,refcursor,' +
    'txid_snapshot,pg_lsn,pg_snapshot,aclitem,regclass,regcollation,regconfig,regdictionary,regnamespace,regoper,regoperator,regproc,regprocedure,regrole,regtype,' +
    'int4range,int8range,numrange,tsrange,tstzrange,daterange,int4multirange,int8multirange,nummultirange,tsmultirange,tstzmultirange,datemultirange,"char"'
  ).split(','),
);

const GEOMETRIES = [
  'Geometry',
  'Point',
  'LineString',
  'Polygon',
  'MultiPoint',
  'MultiLineString',
  'MultiPolygon',
  'GeometryCollection',
  'PointZ',
  'PointM',
  'PointZM',
];

/** Every keyword but the unreserved ones: `quote_ident` quotes these (PostgreSQL 15, with the SQL/JSON words of 16 and 17). */
const KEYWORDS = new Set(
  (
    'all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char character check coalesce ' +
    'collate collation column concurrently constraint create cross current_catalog current_date current_role current_schema current_time ' +
    'current_timestamp current_user dec decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign ' +
    'freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect interval into is isnull join ' +
    'json json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value ' +
    'lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize not notnull null nullif numeric ' +
    'offset on only or order out outer overlaps overlay placing position precision primary real references returning right row select ' +
    'session_user setof similar smallint some substring symmetric system_user table tablesample then time timestamp to trailing treat trim true ' +
    'union unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest ' +
    'xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable'
  ).split(' '),
);
