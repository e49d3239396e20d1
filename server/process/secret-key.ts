import { constants } from 'node:fs';
import { link, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { Config } from './config.ts';

/** File in which a development server keeps the key it made, relative to the working directory. */
export const SECRET_KEY_FILE = '.data/secret-key';

const BYTES = 48;
const LEAST_LENGTH = 32;

/**
 * Returns the key that protects the signing keys: SECRET_KEY, or in development one made once and kept in `file`
 * (0600), shared by all processes of that folder. Throws CONFIG_INVALID in production without SECRET_KEY, and when the
 * file cannot be used.
 */
export async function secretKey(
  config: Pick<Config, 'secretKey' | 'nodeEnv'>,
  file: string,
  randomBytes: (length: number) => Uint8Array,
): Promise<string> {
  if (config.secretKey !== null) return config.secretKey;
  if (config.nodeEnv === 'production') {
    throw new AppError('CONFIG_INVALID', 'SECRET_KEY is not set, and a production server needs one of its own.', {
      hint: 'Set it to a random text that all replicas share, kept like a password. To make one: openssl rand -base64 48',
    });
  }
  try {
    return (await readKey(file)) ?? (await makeKey(file, randomBytes));
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'refused';
    throw new AppError('CONFIG_INVALID', `The key of this development server cannot be kept in ${file} (${code}).`, {
      hint: 'Set SECRET_KEY, or make that folder writable.',
      cause,
    });
  }
}

/** Reads the key; returns null when there is no file. */
async function readKey(file: string): Promise<string | null> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  try {
    const key = (await handle.readFile('utf8')).trim();
    if (key.length >= LEAST_LENGTH) return key;
  } finally {
    await handle.close();
  }
  throw new AppError('CONFIG_INVALID', `${file} holds no usable key.`, {
    hint: 'Remove it, and a new one is made; tokens and links made so far end with it.',
  });
}

/**
 * Makes a key file, whole or not at all, by linking a temporary one into place. Of two processes that start at once the
 * first one's key counts.
 */
async function makeKey(file: string, randomBytes: (length: number) => Uint8Array): Promise<string> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.${Buffer.from(randomBytes(6)).toString('hex')}`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(`${Buffer.from(randomBytes(BYTES)).toString('base64')}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(temporary, file).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  } finally {
    await rm(temporary, { force: true });
  }
  const key = await readKey(file);
  if (key === null)
    throw new AppError('CONFIG_INVALID', `${file} vanished while it was made.`, {
      hint: 'Start again; when it happens once more, something removes files there: set SECRET_KEY.',
    });
  return key;
}
