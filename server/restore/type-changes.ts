import { isDeepStrictEqual } from 'node:util';
import { type ObjectName, qualifiedName } from '../../db/model/model.ts';
import { readTypeReference } from '../../db/model/type-reference.ts';
import { Definitions, described, isMultirange, type OfKind, type TypeBook } from './type-definitions.ts';

export interface TypeChange {
  /** `schema.name` of the type whose own definition differs. */
  type: string;
  reason: string;
  /**
   * `meaning`: the same text would mean something else, or nothing. `narrower`: some of the backup's values may be refused, the others
   * are exact. `order`: values are the same, sorting is not.
   */
  kind: 'meaning' | 'narrower' | 'order';
}

/**
 * Compares the definitions behind type names, at any depth of nesting. PostgreSQL's own types are the same by name; all others are the
 * same only when their definitions are.
 */
export class TypeComparison {
  private readonly archived: Definitions;
  private readonly live: Definitions;
  private readonly known = new Map<string, TypeChange[]>();

  constructor(archived: TypeBook, live: TypeBook) {
    this.archived = new Definitions(archived);
    this.live = new Definitions(live);
  }

  /** Returns the differences behind a column's type, which both sides spell alike. */
  changes(sqlType: string): TypeChange[] {
    return unique(this.behind(sqlType, false));
  }

  /** Returns the change of a column's collation: values are the same, sorting may not be. */
  collationChanges(
    column: string,
    then: ObjectName | null | undefined,
    now: ObjectName | null | undefined,
  ): TypeChange[] {
    const reason = then === undefined ? null : this.collationReason(then, now ?? null);
    return reason === null ? [] : [{ type: column, reason, kind: 'order' }];
  }

  /** Returns the differences behind a type; `ordered` inside a range, whose text depends on the order of its bounds. */
  private behind(sqlType: string, ordered: boolean): TypeChange[] {
    const reference = readTypeReference(sqlType);
    if (!reference) return [];
    const { type } = reference;
    const key = JSON.stringify([type.schema, type.name, ordered]);
    const found = this.known.get(key);
    if (found) return found;
    // A type cannot be made of itself, but a manifest may claim so; met again, it adds nothing.
    this.known.set(key, []);
    const changes = this.compare(type, ordered);
    this.known.set(key, changes);
    return changes;
  }

  private compare(name: ObjectName, ordered: boolean): TypeChange[] {
    const [then, now] = [this.archived.find(name), this.live.find(name)];
    const meaning = (reason: string): TypeChange[] => [{ type: qualifiedName(name), reason, kind: 'meaning' }];
    if (!now) return then ? meaning(`was ${described(then, name)} and is not there today`) : [];
    if (!then) return this.archived.cannotTell(now) ? [] : meaning(`is ${described(now, name)} today, and was not`);
    const use = new TypeUse(name, ordered);
    if (then.kind === 'enum' && now.kind === 'enum') return enumChanges(use, then.labels, now.labels);
    if (then.kind === 'domain' && now.kind === 'domain') return this.domainChanges(use, then, now);
    if (then.kind === 'composite' && now.kind === 'composite') return this.compositeChanges(use, then, now);
    if (then.kind === 'range' && now.kind === 'range' && isMultirange(then, name) === isMultirange(now, name))
      return this.rangeChanges(use, then, now);
    const same =
      then.kind === now.kind && (then.kind === 'extension' ? then.name === now.name : isDeepStrictEqual(then, now));
    return same ? [] : meaning(`was ${described(then, name)} and is ${described(now, name)} today`);
  }

  private domainChanges(use: TypeUse, then: OfKind<'domain'>, now: OfKind<'domain'>): TypeChange[] {
    if (then.baseType !== now.baseType)
      return [use.meaning(`was over ${then.baseType} and is over ${now.baseType} today`)];
    const before = new Map(then.checks.map((check) => [checkText(check), isValidated(check)]));
    return [
      ...this.collated(use, then.collation, now.collation),
      ...this.defaultOrder(use, then.baseType, then.collation),
      ...(now.notNull && !then.notNull ? [use.narrower('is NOT NULL today, and was not')] : []),
      ...now.checks
        .filter((check) => !before.has(checkText(check)))
        .map((check) => use.narrower(`has the check ${check.name} today, which it had not, or not in these words`)),
      ...now.checks
        .filter((check) => isValidated(check) && !(before.get(checkText(check)) ?? true))
        .map((check) => use.narrower(`has the check ${check.name} for all rows today, and had it NOT VALID`)),
      ...this.behind(then.baseType, use.ordered),
    ];
  }

  private compositeChanges(use: TypeUse, then: OfKind<'composite'>, now: OfKind<'composite'>): TypeChange[] {
    const reasons = attributeReasons(then.attributes, now.attributes);
    if (reasons.length > 0) return reasons.map((reason) => use.meaning(reason));
    return then.attributes.flatMap((attribute, index) => [
      ...this.collated(use, attribute.collation, now.attributes[index]?.collation, `attribute ${attribute.name} `),
      ...this.defaultOrder(use, attribute.sqlType, attribute.collation),
      ...this.behind(attribute.sqlType, use.ordered),
    ]);
  }

  private rangeChanges(use: TypeUse, then: OfKind<'range'>, now: OfKind<'range'>): TypeChange[] {
    if (then.subtype !== now.subtype)
      return [use.meaning(`was a range of ${then.subtype} and is one of ${now.subtype} today`)];
    const inside = new TypeUse(use.name, true);
    const named = (name: ObjectName | null | undefined) => (name ? qualifiedName(name) : 'the default');
    const differs = then.opclass !== undefined && !isDeepStrictEqual(then.opclass, now.opclass);
    return [
      ...(differs
        ? [inside.meaning(`was ordered by ${named(then.opclass)} and is by ${named(now.opclass)} today`)]
        : []),
      ...(then.canonical !== undefined && then.canonical !== now.canonical
        ? [
            inside.meaning(
              `had ${then.canonical ?? 'no function'} to make its values canonical and has ${now.canonical ?? 'none'} today`,
            ),
          ]
        : []),
      ...this.collated(inside, then.collation, now.collation),
      ...this.defaultOrder(inside, then.subtype, then.collation),
      ...this.behind(then.subtype, true),
    ];
  }

  private collated(
    use: TypeUse,
    then: ObjectName | null | undefined,
    now: ObjectName | null | undefined,
    of = '',
  ): TypeChange[] {
    // An archive of format 1.0 does not record collations.
    const reason = then === undefined ? null : this.collationReason(then, now ?? null);
    return reason === null ? [] : [use.sorted(`${of}${reason}`)];
  }

  /** Returns a change when two databases order text without a collation differently; that matters where bounds of a range are compared. */
  private defaultOrder(use: TypeUse, sqlType: string, collation: ObjectName | null | undefined): TypeChange[] {
    const [before, after] = [this.archived.defaultOrder, this.live.defaultOrder];
    if (!use.ordered || collation || !COLLATED_BY_DEFAULT.test(sqlType)) return [];
    if (before === null || after === null || before === after) return [];
    return [use.sorted(`is ordered as the database orders, by ${before} then and by ${after} today`)];
  }

  private collationReason(then: ObjectName | null, now: ObjectName | null): string | null {
    const named = (name: ObjectName | null) => (name ? qualifiedName(name) : 'the default');
    if (named(then) !== named(now)) return `had the collation ${named(then)} and has ${named(now)} today`;
    const [before, after] = [then && this.archived.collation(then), now && this.live.collation(now)];
    return isDeepStrictEqual(before, after) ? null : `has the collation ${named(then)}, which is another one today`;
  }
}

/** PostgreSQL's own types that take the database's collation when none is named. */
const COLLATED_BY_DEFAULT = /^(text|citext|bpchar|character( varying)?)(\(\d+\))?(\[\])*$/;

class TypeUse {
  readonly name: ObjectName;
  readonly ordered: boolean;

  constructor(name: ObjectName, ordered: boolean) {
    this.name = name;
    this.ordered = ordered;
  }

  meaning(reason: string): TypeChange {
    return { type: qualifiedName(this.name), reason, kind: 'meaning' };
  }

  narrower(reason: string): TypeChange {
    return { type: qualifiedName(this.name), reason, kind: 'narrower' };
  }

  /**
   * Returns a change of sort order. Inside a range it changes the meaning: bounds that compare differently make it empty, or merge two
   * ranges of a multirange.
   */
  sorted(reason: string): TypeChange {
    return this.ordered
      ? this.meaning(`${reason}, and a range is made of it`)
      : { type: qualifiedName(this.name), reason, kind: 'order' };
  }
}

function enumChanges(use: TypeUse, then: string[], now: string[]): TypeChange[] {
  const left = new Set(now);
  const gone = then.filter((label) => !left.has(label));
  const before = new Set(then);
  const changes: TypeChange[] = [];
  if (gone.length > 0)
    changes.push(use.narrower(`lacks the ${gone.length === 1 ? 'label' : 'labels'} ${listed(gone)} today`));
  const kept = (labels: string[], of: Set<string>) => labels.filter((label) => of.has(label));
  if (!isDeepStrictEqual(kept(then, left), kept(now, before)))
    changes.push(use.sorted('has its labels in another order today'));
  return changes;
}

function attributeReasons(
  then: { name: string; sqlType: string }[],
  now: { name: string; sqlType: string }[],
): string[] {
  const before = new Map(then.map((attribute) => [attribute.name, attribute]));
  const after = new Map(now.map((attribute) => [attribute.name, attribute]));
  const gone = then.filter(({ name }) => !after.has(name)).map(({ name }) => name);
  const fresh = now.filter(({ name }) => !before.has(name)).map(({ name }) => name);
  const names = (of: { name: string }[], among: Map<string, unknown>) =>
    of.map(({ name }) => name).filter((name) => among.has(name));
  const [wasOrder, isOrder] = [names(then, after), names(now, before)];
  const moved = wasOrder.filter((name, index) => isOrder[index] !== name);
  return [
    ...(gone.length > 0 ? [`its ${attributes(gone, 'is', 'are')} not there today`] : []),
    ...(fresh.length > 0 ? [`its ${attributes(fresh, 'is', 'are')} new`] : []),
    ...(moved.length > 0 ? [`its attributes ${listed(moved)} changed places`] : []),
    ...then.flatMap(({ name, sqlType }) => {
      const today = after.get(name);
      return today && today.sqlType !== sqlType
        ? [`its attribute ${name} was ${sqlType} and is ${today.sqlType} today`]
        : [];
    }),
  ];
}

function attributes(names: string[], one: string, several: string): string {
  return names.length === 1 ? `attribute ${listed(names)} ${one}` : `attributes ${listed(names)} ${several}`;
}

function listed(names: string[]): string {
  const shown = names.slice(0, 8).join(', ');
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown;
}

/** Returns the definition of a check without its name and without NOT VALID. */
function checkText(check: { definition: string }): string {
  return check.definition.replace(/ NOT VALID$/, '');
}

/** Returns whether a check is validated; format 1.0 records it in the definition only. */
function isValidated(check: { definition: string; validated?: boolean | undefined }): boolean {
  return check.validated ?? !check.definition.endsWith(' NOT VALID');
}

function unique(changes: TypeChange[]): TypeChange[] {
  return [...new Map(changes.map((change) => [JSON.stringify(change), change])).values()];
}
