import { maskDatabaseUrl } from '../../../db/connect/mask-url.ts';
import type { AdministratorChanges } from '../../../server/library/administrators/administrators-from-elsewhere.ts';
import { confirmName } from '../confirm.ts';
import { formatCounted, formatMoment } from '../format.ts';
import { refuseUnasked } from './administrators.ts';
import type { BackupFacts } from './backup-facts.ts';
import type { Target } from './target.ts';

/** A restore somebody must agree to, and how: a plan needs no consent, `--yes` gives it, and otherwise the person is asked. */
export interface Proposal {
  plan: boolean;
  yes: boolean;
  /** True when administrators may be changed unasked. */
  allowed: boolean;
  /** Address of the database, with the password. */
  url: string;
  target: Target;
  /** The backup, for people. */
  label: string;
  facts: BackupFacts;
  /** The command that backs up what would be overwritten. */
  keepBy: string;
  note(line: string): void;
}

/**
 * Says what a restore does besides replacing rows, and gets the consent to it. Throws RESTORE_REFUSED for administrators that `--yes` alone
 * does not cover, and CANCELLED when the person declines.
 */
export async function obtainConsent(
  proposal: Proposal,
  { told, administrators }: { told: string[]; administrators: AdministratorChanges },
  signal: AbortSignal,
): Promise<void> {
  const { plan, yes, label, allowed, note } = proposal;
  if (!plan && !yes) return await confirm(proposal, told, signal);
  if (!plan) refuseUnasked(administrators, label, allowed);
  for (const line of told) note(line);
}

/** Returns the command that backs up the very database that is about to change. */
export function keepBy({ demo, into }: { demo: boolean; into?: string | undefined }): string {
  const script = 'bun run scripts/backup.ts';
  return demo ? `${script} --demo` : into === undefined ? script : `DATABASE_URL=(what --into says) ${script}`;
}

async function confirm(
  { url, label, facts, target: { database }, keepBy }: Proposal,
  told: string[],
  signal: AbortSignal,
): Promise<void> {
  const { tables, rows, timestamp, createdBy } = facts;
  const counted = rows === null ? 'rows it does not count' : formatCounted(rows, 'row');
  const moment = timestamp === null ? 'of a time it does not say' : `as of ${formatMoment(timestamp)}`;
  const by = createdBy === null ? '' : `, backed up by ${createdBy}`;
  await confirmName({
    name: database,
    question: {
      what: 'the database',
      becomes: 'overwritten',
      work: 'The restore',
      unchanged: 'Nothing was changed.',
    },
    otherwise: 'look at --into when another database is meant.',
    warning: [
      ...told,
      `This replaces every row of ${tables} in the database ${database} (${maskDatabaseUrl(url)})`,
      `by those of ${label}: ${counted} ${moment}${by}.`,
      `What was changed since then is lost. To keep it, stop here and make a backup of this database first: ${keepBy}`,
    ],
    signal,
  });
}
