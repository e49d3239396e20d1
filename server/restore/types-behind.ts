import { type ObjectName, objectKey } from '../../db/model/model.ts';
import { readTypeReference } from '../../db/model/type-reference.ts';
import { Definitions, sqlTypesIn, type TypeBook } from './type-definitions.ts';

/** Finds which of the wanted types are behind a column's type, at any depth, and remembers those it met. */
export class TypesBehind {
  private readonly definitions: Definitions;
  private readonly wanted: Map<string, ObjectName>;
  private readonly seen = new Map<string, Set<string>>();
  private readonly found = new Set<string>();

  constructor(book: TypeBook, wanted: ObjectName[]) {
    this.definitions = new Definitions(book);
    this.wanted = new Map(wanted.map((name) => [objectKey(name), name]));
  }

  /** Returns true when a wanted type is behind this type. */
  among(sqlType: string): boolean {
    const met = this.behind(sqlType);
    for (const key of met) this.found.add(key);
    return met.size > 0;
  }

  met(): ObjectName[] {
    return [...this.wanted].filter(([key]) => this.found.has(key)).map(([, name]) => name);
  }

  private behind(sqlType: string): Set<string> {
    const name = readTypeReference(sqlType)?.type;
    if (!name) return new Set();
    const key = objectKey(name);
    const known = this.seen.get(key);
    if (known) return known;
    const met = new Set<string>(this.wanted.has(key) ? [key] : []);
    this.seen.set(key, met);
    const definition = this.definitions.find(name);
    for (const part of definition ? sqlTypesIn(definition) : []) for (const one of this.behind(part)) met.add(one);
    return met;
  }
}
