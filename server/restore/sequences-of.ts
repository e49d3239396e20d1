import { qualifiedName } from '../../db/model/model.ts';
import type { ManifestTable } from '../archive/manifest/manifest.ts';
import type { Archive } from '../archive/reader.ts';

/**
 * Returns the sequences with the rule for each: those of the chosen tables become exact, in a whole restore also those of no table. The
 * others never go back.
 */
export function sequencesOf(archive: Archive, chosen: ManifestTable[]) {
  const { manifest } = archive;
  const names = new Set(chosen.map(qualifiedName));
  const whole = manifest.kind !== 'partial' && chosen.length === manifest.tables.length;
  return manifest.sequences.map((sequence) => {
    const isExact = sequence.ownedBy ? names.has(qualifiedName(sequence.ownedBy)) : whole;
    return { ...sequence, rule: isExact ? ('exact' as const) : whole ? ('forward' as const) : ('drawn' as const) };
  });
}
