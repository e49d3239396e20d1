import { z } from 'zod';
import { AppError } from '../errors.ts';
import { FORMAT_MAJOR, MAX_MANIFEST_BYTES, type Manifest, manifestSchema } from './manifest.ts';
import { manifestFaults } from './manifest-check.ts';

const DAMAGED_HINT = 'Use another backup; this one was altered or cut after it was written.';

/**
 * Reads and believes nothing: size, UTF-8, JSON, the schema, then `manifestFaults`. Fields added by a later minor version are
 * passed over. Rejects with ARCHIVE_TOO_NEW for another major version, ARCHIVE_LIMIT when too long, ARCHIVE_DAMAGED otherwise.
 */
export function decodeManifest(bytes: Uint8Array): Manifest {
  if (bytes.length > MAX_MANIFEST_BYTES) {
    throw new AppError(
      'ARCHIVE_LIMIT',
      `The manifest has ${bytes.length} bytes; at most ${MAX_MANIFEST_BYTES} are read.`,
    );
  }
  const json = parseJson(bytes);
  refuseOtherMajor(json);
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) {
    throw damaged(
      parsed.error.issues.map((issue) => `${issue.path.map(String).join('.') || 'manifest'}: ${issue.message}`),
    );
  }
  const faults = manifestFaults(parsed.data);
  if (faults.length > 0) throw damaged(faults);
  return parsed.data;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new AppError('ARCHIVE_DAMAGED', 'The manifest is not valid JSON in UTF-8.', { cause, hint: DAMAGED_HINT });
  }
}

/** Only these two fields are read of an unknown format, so that the refusal can say who wrote it. */
function refuseOtherMajor(json: unknown): void {
  const version = z.object({ formatVersion: z.string().regex(/^\d{1,6}\.\d{1,6}$/) }).safeParse(json);
  if (!version.success || Number.parseInt(version.data.formatVersion, 10) === FORMAT_MAJOR) return;
  const writer = z.object({ application: z.object({ name: z.string(), version: z.string() }) }).safeParse(json);
  const by = writer.success
    ? `${writer.data.application.name} ${writer.data.application.version}`.slice(0, 200)
    : 'an unknown program';
  throw new AppError(
    'ARCHIVE_TOO_NEW',
    `The archive has format ${version.data.formatVersion}, written by ${by}; this program reads format ${FORMAT_MAJOR}.x.`,
    { hint: `Use ${by} or later to read it.`, details: { formatVersion: version.data.formatVersion, application: by } },
  );
}

function damaged(faults: string[]): AppError {
  const more = faults.length > 3 ? ` (and ${faults.length - 3} more)` : '';
  return new AppError(
    'ARCHIVE_DAMAGED',
    `The manifest contradicts itself or its format: ${faults.slice(0, 3).join('; ')}${more}.`,
    {
      hint: DAMAGED_HINT,
      details: { place: 'manifest', faults: faults.slice(0, 20) },
    },
  );
}
