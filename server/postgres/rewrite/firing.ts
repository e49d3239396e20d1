import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import { firingClause, type Shape, type ShapeRelation } from '../catalog/shape.ts';

/** Returns the statements after which none of the application's triggers runs for rows of this relation. */
export function sleepClauses({ triggers }: Shape, relation: ShapeRelation): string[] {
  return triggers.some((trigger) => isOf(trigger, relation))
    ? [`ALTER TABLE ONLY ${quoteName(relation)} DISABLE TRIGGER USER`]
    : [];
}

/** Returns the statements that bring the triggers back to how they were. */
export function wakeClauses({ triggers }: Shape, relation: ShapeRelation): string[] {
  return triggers
    .filter((trigger) => isOf(trigger, relation) && trigger.enabled !== 'D')
    .map(
      (trigger) => `ALTER TABLE ONLY ${quoteName(relation)} ${firingClause(trigger.enabled, 'TRIGGER', trigger.name)}`,
    );
}

export function isOf(item: { table: ObjectName }, relation: ObjectName): boolean {
  return qualifiedName(item.table) === qualifiedName(relation);
}
