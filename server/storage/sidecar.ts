import { type JsonLimits, limitJson } from '../core/json-limits.ts';
import type { FoundDamage, Sidecar } from './storage.ts';

/** Ten times what the longest note makes of one. */
export const MAX_SIDECAR_BYTES = 128 * 1024;
const LIMITS: JsonLimits = { depth: 10, elements: 1000, stringBytes: MAX_SIDECAR_BYTES };

export function encodeSidecar(sidecar: Sidecar): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(sidecar, null, 1)}\n`);
}

/** The sidecar in these bytes, or null when they are not one or far larger than any. Fields it does not know are passed over. */
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

/** Whatever stands there that is no damage of ours is damage all the same: it must not be lost by a word that changed. */
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
