import { type JsonLimits, limitJson } from '../core/json-limits.ts';
import type { FoundDamage, Sidecar } from './storage.ts';

/** Largest sidecar: ten times one with the longest note. */
export const MAX_SIDECAR_BYTES = 128 * 1024;
const LIMITS: JsonLimits = { depth: 10, elements: 1000, stringBytes: MAX_SIDECAR_BYTES };

export function encodeSidecar(sidecar: Sidecar): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(sidecar, null, 1)}\n`);
}

/** Parses a sidecar; returns null for bytes that are not one or are far too large. Ignores fields it does not know. */
export function decodeSidecar(bytes: Uint8Array): Sidecar | null {
  let json: unknown;
  if (bytes.length > MAX_SIDECAR_BYTES) return null;
  try {
    limitJson(bytes, LIMITS, (what) => new RangeError(what));
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
  if (typeof json !== 'object' || json === null) return null;
  const facts = new Map<string, unknown>(Object.entries(json));
  const text = (key: string) => asText(facts.get(key));
  const digest = text('digest');
  const kind = text('kind');
  const pinned = facts.get('pinned');
  const foundDamaged = damageIn(facts.get('foundDamaged'));
  if (digest === null || kind === null || typeof pinned !== 'boolean') return null;
  return {
    digest,
    kind,
    pinned,
    note: text('note'),
    lastVerified: text('lastVerified'),
    lastProved: text('lastProved'),
    ...(foundDamaged && { foundDamaged }),
  };
}

/**
 * Reads the recorded damage. Any value of unknown form counts as damage too, so that a renamed word cannot lose the
 * record.
 */
function damageIn(value: unknown): FoundDamage | null {
  if (value === undefined || value === null) return null;
  const facts = new Map<string, unknown>(typeof value === 'object' ? Object.entries(value) : []);
  return {
    at: asText(facts.get('at')) ?? new Date(0).toISOString(),
    code: asText(facts.get('code')) ?? 'ARCHIVE_DAMAGED',
    message: asText(facts.get('message')) ?? 'It was found damaged.',
  };
}

function asText(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
