import { type ObjectName, objectKey } from '../../db/model/model.ts';
import type { Manifest, UserCollation, UserType } from '../archive/manifest/manifest.ts';

/** Descriptions, by an archive or a database, of the types behind its columns. */
export type TypeBook = Pick<Manifest, 'types'> &
  Partial<Pick<Manifest, 'otherTypes' | 'collations' | 'defaultCollation'>>;

export type Definition = UserType | (ObjectName & { kind: 'base'; input: string; output: string });

export type OfKind<Kind extends Definition['kind']> = Definition & { kind: Kind };

/** The definitions of one side, by name. */
export class Definitions {
  private readonly byName = new Map<string, Definition>();
  private readonly extensions = new Set<string>();
  private readonly collations: Map<string, UserCollation>;
  /** Order of text that names no collation; null when the archive does not tell. */
  readonly defaultOrder: string | null;
  /** True for format 1.0, which omitted types made of functions, and which types belong to an extension. */
  private readonly incomplete: boolean;

  constructor(book: TypeBook) {
    this.incomplete = book.otherTypes === undefined;
    this.defaultOrder = book.defaultCollation ? orderOf(book.defaultCollation) : null;
    this.collations = new Map((book.collations ?? []).map((collation) => [objectKey(collation), collation]));
    for (const type of [...book.types, ...(book.otherTypes ?? [])]) {
      if (type.kind === 'extension') {
        this.extensions.add(type.name);
        for (const member of type.members ?? []) this.byName.set(objectKey(member), type);
      } else this.byName.set(objectKey(type), type);
      if (type.kind === 'range' && type.multirange) this.byName.set(objectKey(type.multirange), type);
    }
  }

  find(name: ObjectName): Definition | undefined {
    return this.byName.get(objectKey(name));
  }

  collation(name: ObjectName): UserCollation | undefined {
    return this.collations.get(objectKey(name));
  }

  /** Returns true when a type that this side does not list may still have been the same as on the other side. */
  cannotTell(other: Definition): boolean {
    if (!this.incomplete) return false;
    return other.kind === 'base' || (other.kind === 'extension' && this.extensions.has(other.name));
  }
}

/** Locales that compare byte by byte, whoever provides them. */
const BYTEWISE = /^(C|POSIX|C\.UTF-?8|PG_UNICODE_FAST)$/i;
const PROVIDER_NAMES: Readonly<Record<string, string>> = { c: 'libc', i: 'ICU' };

/** Returns an order in words; equal words mean equal order. */
function orderOf({ provider, locale, rules }: NonNullable<Manifest['defaultCollation']>): string {
  if (provider !== 'i' && BYTEWISE.test(locale ?? '')) return 'C';
  return `${locale} (${PROVIDER_NAMES[provider] ?? provider}${rules === null ? '' : ', with rules of its own'})`;
}

/** Returns the types that a type is made of, as it names them. */
export function sqlTypesIn(definition: Definition): string[] {
  switch (definition.kind) {
    case 'domain':
      return [definition.baseType];
    case 'composite':
      return definition.attributes.map((attribute) => attribute.sqlType);
    case 'range':
      return [definition.subtype];
    default:
      return [];
  }
}

/** Describes a type in words. */
export function described(definition: Definition, name: ObjectName): string {
  switch (definition.kind) {
    case 'enum':
      return 'an enum';
    case 'domain':
      return `a domain over ${definition.baseType}`;
    case 'composite':
      return definition.rowOf ? `the row of a ${definition.rowOf}` : 'a composite type';
    case 'range':
      return isMultirange(definition, name)
        ? `a multirange of ${definition.subtype}`
        : `a range of ${definition.subtype}`;
    case 'extension':
      return `a type of the extension ${definition.name}`;
    case 'base':
      return `a type read by the function ${definition.input}`;
  }
}

/** Returns true when the name is that of the multirange, not of the range itself. */
export function isMultirange(range: OfKind<'range'>, name: ObjectName): boolean {
  return range.multirange !== null && objectKey(range.multirange) === objectKey(name);
}
