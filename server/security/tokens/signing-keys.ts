import { hkdfSync } from 'node:crypto';
import { desc, gt, isNull, or, sql } from 'drizzle-orm';
import {
  CompactEncrypt,
  type CryptoKey,
  calculateJwkThumbprint,
  compactDecrypt,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK_OKP_Private,
  type JWK_OKP_Public,
} from 'jose';
import { z } from 'zod';
import { asking } from '../../../db/connect/database-error.ts';
import type { Records } from '../../../db/system/records.ts';
import { signingKeys } from '../../../db/system/schema.ts';
import { unexpected } from '../../core/errors.ts';

/** The public half, as `/.well-known/jwks.json` gives it. */
export type PublicJwk = JWK_OKP_Public & { kid: string; alg: 'EdDSA'; use: 'sig' };

export interface SigningKeys {
  /**
   * Returns the key that signs now. A new one is made when there is none, or when the last one has signed for 90 days.
   */
  current(): Promise<{ kid: string; privateKey: CryptoKey }>;
  /** Returns the key that verifies signatures of `kid`; null when unknown or expired. */
  publicKey(kid: string): Promise<CryptoKey | null>;
  /**
   * Returns all keys that verify. Makes the first key when there is none, because readers that come before the first
   * token must be able to verify it.
   */
  jwks(): Promise<{ keys: PublicJwk[] }>;
  /** Makes a new key that signs from now on; earlier ones still verify what they signed. */
  rotate(): Promise<void>;
}

interface SigningKey {
  kid: string;
  publicJwk: PublicJwk;
  publicKey: CryptoKey;
  privateKey: CryptoKey;
  createdAt: Date;
  retiredAt: Date | null;
  expiresAt: Date | null;
}

/** RFC 8037's name for Ed25519 signatures. */
export const SIGNATURE = 'EdDSA';
/** The longest life of anything a key signs, and a day. */
const VERIFIES_FOR_DAYS = 366;
const SIGNS_FOR_MS = 90 * 86_400_000;
/** Milliseconds for which this process keeps the keys it has read. */
const KNOWN_FOR_MS = 60_000;
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;

const privateJwk = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), d: z.string() });

/**
 * Stores Ed25519 keys in `backup_system.signing_keys`, their private halves encrypted (JWE, `dir`, A256GCM) with a key
 * derived from the secret by HKDF-SHA-256. A row counts only when it was encrypted with this secret and its `kid` is
 * its own thumbprint: write access to the table alone adds no key. Another secret therefore ends all tokens.
 */
export function createSigningKeys(deps: { records: Records; secretKey: string; now: () => Date }): SigningKeys {
  const { records, now } = deps;
  const wrapping = new Uint8Array(hkdfSync('sha256', deps.secretKey, '', 'palace-backup signing keys 1', 32));
  const opened = new Map<string, Pick<SigningKey, 'publicJwk' | 'publicKey' | 'privateKey'> | null>();
  let known: SigningKey[] = [];
  let knownSince: number | null = null;

  const open = async (kid: string, privateJwe: string) => {
    const before = opened.get(privateJwe);
    if (before !== undefined) return before;
    const key = await unwrap(kid, privateJwe, wrapping);
    opened.set(privateJwe, key);
    return key;
  };

  const load = async (from: Pick<Records, 'select'> = records): Promise<SigningKey[]> => {
    const rows = await asking('reading the signing keys', () =>
      from
        .select()
        .from(signingKeys)
        .where(or(isNull(signingKeys.expiresAt), gt(signingKeys.expiresAt, now())))
        .orderBy(desc(signingKeys.createdAt), signingKeys.kid),
    );
    const keys: SigningKey[] = [];
    for (const { kid, privateJwe, createdAt, retiredAt, expiresAt } of rows) {
      const key = await open(kid, privateJwe);
      if (key) keys.push({ kid, ...key, createdAt, retiredAt, expiresAt });
    }
    known = keys;
    knownSince = now().getTime();
    return keys;
  };

  const keys = async () => {
    const age = knownSince === null ? Number.POSITIVE_INFINITY : Math.abs(now().getTime() - knownSince);
    return age < KNOWN_FOR_MS ? known : load();
  };

  /** Makes a key under a table lock, one process at a time, unless `unless` returns true for the keys present then. */
  const make = (unless: (present: SigningKey[]) => boolean) =>
    asking('making a signing key', () =>
      records.transaction(async (tx) => {
        await tx.execute(sql`LOCK TABLE ${signingKeys} IN SHARE ROW EXCLUSIVE MODE`);
        if (unless(await load(tx))) return;
        const at = now();
        const expiresAt = new Date(at.getTime() + VERIFIES_FOR_DAYS * 86_400_000);
        await tx.update(signingKeys).set({ retiredAt: at, expiresAt }).where(isNull(signingKeys.retiredAt));
        await tx.insert(signingKeys).values({ ...(await generate(wrapping)), createdAt: at });
      }),
    );

  const current = async () => {
    const signs = (key: SigningKey) =>
      key.retiredAt === null && now().getTime() - key.createdAt.getTime() < SIGNS_FOR_MS;
    let key = (await keys()).find(signs);
    if (!key) {
      await make((present) => present.some(signs));
      key = (await load()).find(signs);
    }
    if (!key) throw unexpected(new Error('there is no key to sign with, and none could be made'));
    return { kid: key.kid, privateKey: key.privateKey };
  };

  return {
    current,
    async publicKey(kid) {
      if (!THUMBPRINT.test(kid)) return null;
      // Another process may have made it a moment ago.
      const key = (await keys()).find((one) => one.kid === kid) ?? (await load()).find((one) => one.kid === kid);
      return key && (key.expiresAt === null || key.expiresAt > now()) ? key.publicKey : null;
    },
    async jwks() {
      if ((await keys()).length === 0) await current();
      return { keys: known.map((key) => key.publicJwk) };
    },
    async rotate() {
      await make(() => false);
      await load();
    },
  };
}

async function generate(wrapping: Uint8Array) {
  const pair = await generateKeyPair(SIGNATURE, { crv: 'Ed25519', extractable: true });
  const secret = privateJwk.parse(await exportJWK(pair.privateKey));
  const kid = await calculateJwkThumbprint(secret);
  const privateJwe = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(secret)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid })
    .encrypt(wrapping);
  return { kid, publicJwk: { ...publicHalf(secret, kid) }, privateJwe };
}

/** Decrypts a key; returns null when it was not encrypted with this secret, or `kid` is not its thumbprint. */
async function unwrap(kid: string, privateJwe: string, wrapping: Uint8Array) {
  try {
    const { plaintext } = await compactDecrypt(privateJwe, wrapping, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    const secret = privateJwk.parse(JSON.parse(new TextDecoder().decode(plaintext)));
    if ((await calculateJwkThumbprint(secret)) !== kid) return null;
    const publicJwk = publicHalf(secret, kid);
    const [publicKey, privateKey] = await Promise.all([importKey(publicJwk), importKey(secret)]);
    return { publicJwk, publicKey, privateKey };
  } catch {
    return null;
  }
}

async function importKey(jwk: JWK_OKP_Public | JWK_OKP_Private): Promise<CryptoKey> {
  const key = await importJWK(jwk, SIGNATURE);
  if (key instanceof Uint8Array) throw new TypeError('not an asymmetric key');
  return key;
}

function publicHalf(secret: z.infer<typeof privateJwk>, kid: string): PublicJwk {
  return { kty: secret.kty, crv: secret.crv, x: secret.x, kid, alg: SIGNATURE, use: 'sig' };
}
