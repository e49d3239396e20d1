import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import type { MissingRight } from './rights.ts';
import {
  CONCERNED_SQL,
  FOREIGN_KEYS_SQL,
  FUNCTIONS_SQL,
  OUTSIDE_FOREIGN_KEYS_SQL,
  RELATIONS_SQL,
  SCHEMAS_SQL,
  SEQUENCES_SQL,
  SERVER_SQL,
  TYPES_SQL,
} from './rights-sql.ts';

/** A table that a restore would empty and fill. */
export interface RewriteTarget {
  oid: number;
  /** Columns that it would fill. */
  columns: string[];
  /** True when it would get any row: the indexes of an empty table are not rebuilt. */
  filled: boolean;
}

/** A sequence whose position a restore reads. */
export interface ConcernedSequence extends ObjectName {
  /** True when its position is set to that of the backup. */
  set: boolean;
}

/**
 * Returns every right that this session's role lacks to restore these tables and sequences, each with the statement that grants it. Reads
 * the catalogs only and no definition, so that it waits for no lock.
 */
export async function missingForRestore(
  session: Session,
  targets: RewriteTarget[],
  sequences: ConcernedSequence[],
): Promise<MissingRight[]> {
  const [found] = await session.query<{ concerned: string }>(CONCERNED_SQL, [JSON.stringify(targets)]);
  const set = [found?.concerned];
  const [me] = await session.query<Me>(SERVER_SQL, []);
  if (!me) return [];
  const role = quoteIdent(me.role);
  const missing: MissingRight[] = [];
  const report = (table: string, message: string, grant: string) => missing.push({ table, message, grant });

  if (!me.mayCreate)
    report(
      me.database,
      `${me.role} may not make the private schema of a restore in the database ${me.database}`,
      `GRANT CREATE ON DATABASE ${quoteIdent(me.database)} TO ${role};`,
    );
  for (const relation of await session.query<RelationRights>(RELATIONS_SQL, set)) {
    const [name, quoted] = [qualifiedName(relation), quoteName(relation)];
    if (!relation.owned) report(name, ownership(me, name, relation), membership(me, relation, `TABLE ${quoted}`));
    if (relation.outside) {
      if (!relation.lockable)
        report(
          name,
          `${me.role} may not lock ${name}, which is tied to restored tables`,
          `GRANT UPDATE ON ${quoted} TO ${role};`,
        );
      continue;
    }
    if (!relation.readable)
      report(name, `${me.role} may not count the rows of ${name}`, `GRANT SELECT ON ${quoted} TO ${role};`);
    if (!relation.truncatable)
      report(name, `${me.role} may not empty ${name}`, `GRANT TRUNCATE ON ${quoted} TO ${role};`);
    if (!relation.insertable)
      report(name, `${me.role} may not put rows into ${name}`, `GRANT INSERT ON ${quoted} TO ${role};`);
  }
  for (const schema of await session.query<SchemaRights>(SCHEMAS_SQL, set)) {
    const quoted = quoteIdent(schema.name);
    if (!schema.usable)
      report(
        schema.name,
        `${me.role} may not use the schema ${schema.name}`,
        `GRANT USAGE ON SCHEMA ${quoted} TO ${role};`,
      );
    if (schema.creates && !schema.creatable)
      report(
        schema.name,
        `${me.role} may not build indexes in the schema ${schema.name}`,
        `GRANT CREATE ON SCHEMA ${quoted} TO ${role};`,
      );
  }
  for (const foreignKey of await session.query<ForeignKeyRights>(FOREIGN_KEYS_SQL, set)) {
    const [name, target] = [qualifiedName(foreignKey), qualifiedName(foreignKey.target)];
    if (!foreignKey.referable)
      report(
        target,
        `${me.role} may not put back ${foreignKey.constraint} of ${name}, which refers to ${target}`,
        `GRANT REFERENCES ON ${quoteName(foreignKey.target)} TO ${role};`,
      );
    for (const [side, readable] of [
      [foreignKey, foreignKey.readable],
      [foreignKey.target, foreignKey.targetReadable],
    ] as const)
      if (!readable && !foreignKey.ownerReads)
        report(
          qualifiedName(side),
          `${me.role} may not read ${qualifiedName(side)} to check ${foreignKey.constraint}`,
          `GRANT SELECT ON ${quoteName(side)} TO ${role};`,
        );
  }
  for (const foreignKey of await session.query<OutsideForeignKey>(OUTSIDE_FOREIGN_KEYS_SQL, set))
    report(
      qualifiedName(foreignKey.target),
      `${foreignKey.owner}, who owns ${qualifiedName(foreignKey.target)}, may not ${foreignKey.right === 'USAGE' ? 'use its schema' : 'look up rows in it'}, so that ${foreignKey.constraint} of ${qualifiedName(foreignKey)} refuses each row`,
      foreignKey.right === 'USAGE'
        ? `GRANT USAGE ON SCHEMA ${quoteIdent(foreignKey.target.schema)} TO ${quoteIdent(foreignKey.owner)};`
        : `GRANT ${foreignKey.right} ON ${quoteName(foreignKey.target)} TO ${quoteIdent(foreignKey.owner)};`,
    );
  for (const type of await session.query<TypeRights>(TYPES_SQL, set)) {
    const name = qualifiedName(type);
    report(name, `${me.role} may not use the type ${name}`, `GRANT USAGE ON TYPE ${quoteName(type)} TO ${role};`);
  }
  for (const called of await session.query<FunctionRights>(FUNCTIONS_SQL, set))
    report(
      called.signature,
      `${called.role} may not call ${called.signature}, which ${called.place} needs`,
      `GRANT EXECUTE ON FUNCTION ${called.signature} TO ${quoteIdent(called.role)};`,
    );
  const names = [
    sequences.map(({ schema }) => schema),
    sequences.map(({ name }) => name),
    sequences.map(({ set: isSet }) => isSet),
  ];
  for (const sequence of await session.query<SequenceRights>(SEQUENCES_SQL, names)) {
    const [name, quoted] = [qualifiedName(sequence), quoteName(sequence)];
    // A sequence that belongs to a table changes its owner only with the table.
    const mover = sequence.table === null ? `SEQUENCE ${quoted}` : `TABLE ${quoteName(sequence.table)}`;
    if (!sequence.owned) report(name, ownership(me, name, sequence), membership(me, sequence, mover));
    if (!sequence.settable)
      report(name, `${me.role} may not set the sequence ${name}`, `GRANT UPDATE ON SEQUENCE ${quoted} TO ${role};`);
    if (!sequence.readable)
      report(name, `${me.role} may not read the sequence ${name}`, `GRANT SELECT ON SEQUENCE ${quoted} TO ${role};`);
  }
  return missing.filter((right, at) => missing.findIndex(({ grant }) => grant === right.grant) === at);
}

function ownership(me: Me, name: string, object: Owned): string {
  return object.member
    ? `${me.role} is a member of ${object.owner}, who owns ${name}, but does not inherit from it`
    : `${me.role} does not own ${name} (${object.owner} does)`;
}

/**
 * Returns the statement that gives the role the owner's rights, by membership with inheritance. Where nobody should become a member of
 * the owner, it changes the owner instead.
 */
function membership(me: Me, { owner, member, ungrantable }: Owned, object: string): string {
  const [role, of] = [quoteIdent(me.role), quoteIdent(owner)];
  if (ungrantable) return `ALTER ${object} OWNER TO ${role};`;
  if (me.inherits && !member) return `GRANT ${of} TO ${role};`;
  if (me.version >= 160000) return `GRANT ${of} TO ${role} WITH INHERIT TRUE;`;
  return `${member ? '' : `GRANT ${of} TO ${role}; `}ALTER ROLE ${role} INHERIT;`;
}

interface Me {
  role: string;
  database: string;
  version: number;
  inherits: boolean;
  mayCreate: boolean;
}
interface Owned {
  owned: boolean;
  owner: string;
  /** True for a member of the owner, whether or not it inherits. */
  member: boolean;
  /** True for a superuser, or a role that came with the server: nobody is made a member of it for a restore. */
  ungrantable: boolean;
}
type RelationRights = ObjectName &
  Owned & { outside: boolean; lockable: boolean; readable: boolean; truncatable: boolean; insertable: boolean };
interface SchemaRights {
  name: string;
  usable: boolean;
  creates: boolean;
  creatable: boolean;
}
type ForeignKeyRights = ObjectName & {
  constraint: string;
  target: ObjectName;
  referable: boolean;
  readable: boolean;
  targetReadable: boolean;
  ownerReads: boolean;
};
type OutsideForeignKey = ObjectName & {
  constraint: string;
  target: ObjectName;
  owner: string;
  right: 'SELECT' | 'UPDATE' | 'USAGE';
};
type TypeRights = ObjectName;
interface FunctionRights {
  role: string;
  /** As SQL: `schema.name(argument types)`, quoted where needed. */
  signature: string;
  place: string;
}
type SequenceRights = ObjectName & Owned & { settable: boolean; readable: boolean; table: ObjectName | null };
