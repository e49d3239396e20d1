import { type ObjectName, qualifiedName } from '../../db/model/model.ts';
import type { ManifestTable } from '../archive/manifest/manifest.ts';
import type { Archive } from '../archive/reader.ts';
import type { BackupKnowledge } from '../postgres/rewrite/broken-rules.ts';

/** Returns what a backup tells of its rules, for the words about rules that its rows break. */
export function knowledgeOf(
  { manifest }: Archive,
  chosen: ManifestTable[],
  input: { keepBrokenRules?: boolean },
): BackupKnowledge {
  // An accepted document carries the rules of the database that accepted it, not those of the rows' own time.
  const isOfDocument = manifest.kind === 'uploaded';
  const rules = new Map(
    manifest.tables.map((table) => [qualifiedName(table), isOfDocument ? null : (table.rules ?? null)]),
  );
  const taken = new Set(chosen.map(qualifiedName));
  return {
    backupRules: (table: ObjectName) => rules.get(qualifiedName(table)) ?? null,
    notChosen: new Set(manifest.tables.map(qualifiedName).filter((name) => !taken.has(name))),
    keepBroken: input.keepBrokenRules === true,
  };
}
