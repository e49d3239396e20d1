import type { Status } from '../../api.ts';
import { agoText } from '../../lib/format.ts';
import { tableLabel } from '../../lib/operations/operation.ts';
import { words } from '../../strings/shared.ts';
import { statusWords as w } from '../../strings/status.ts';

export type Health = 'good' | 'warn' | 'bad' | 'unknown';

/** One check of the server's health: its state in words, and what to do when it is not good. */
export interface Check {
  name: string;
  state: Health;
  text: string;
  hint: string | null;
  /** The page with more about it. */
  href: string | null;
}

/** Facts only the browser knows. */
export interface ClientFacts {
  now: Date;
  /** Milliseconds the server's clock is ahead of this computer's; null while unknown. */
  serverAheadMs: number | null;
  /** True when the page came over HTTPS. */
  isEncrypted: boolean;
  /** True when the server is this very machine. */
  isLocal: boolean;
}

/** A wait longer than any usual one. */
const LONG_WAIT_MS = 10 * 60_000;
/** A smaller difference goes unnoticed, and answers take as long to arrive. */
const CLOCK_TOLERANCE_MS = 5000;
/** Signed links count five minutes; from this difference on they seem to count much less, or more. */
const CLOCK_LIMIT_MS = 120_000;
const RECENT_MS = 86_400_000;
const MAX_NAMES = 10;
/** Recommendations about the last backup, the worst first. */
const LAST_BACKUP = ['NO_BACKUP', 'BACKUP_OLD', 'LAST_DAMAGED', 'LAST_INCOMPLETE'];

/** Returns the checks of the server's health, always in the same order. Pure. */
export function healthOf(status: Status, here: ClientFacts): Check[] {
  return [
    database(status),
    tables(status),
    migrations(status),
    worker(status, here.now),
    storage(status),
    lastBackup(status, here.now),
    lastFailure(status, here.now),
    connection(status, here),
    clocks(here),
  ];
}

function check(name: string, state: Health, text: string, hint: string | null = null): Check {
  return { name, state, text, hint, href: null };
}

/** Makes the check of a part that could not be queried, with the reason if one was sent. */
function unavailable(
  name: string,
  status: Status,
  part: Status['troubles'][number]['part'],
  state: Health,
  text: string,
) {
  // A reason shared by several parts is listed once.
  const found = status.troubles.find((trouble) => trouble.part === part);
  return check(name, state, found ? `${text} ${found.message}` : text, found?.hint ?? null);
}

function database(status: Status): Check {
  if (status.database === null) return unavailable(w.database, status, 'database', 'bad', w.databaseBad);
  return check(w.database, 'good', w.databaseGood(status.database.version, status.database.size));
}

function tables(status: Status): Check {
  if (status.schema === null) return unavailable(w.schema, status, 'tables', 'unknown', w.notAsked);
  const { missing, unknown } = status.schema;
  if (missing.length > 0) return check(w.schema, 'bad', w.schemaMissing(namesOf(missing)), w.schemaMissingHint);
  if (unknown.length > 0) return check(w.schema, 'warn', w.schemaUnknown(namesOf(unknown)), w.schemaUnknownHint);
  const emptied = status.recommendations.filter(({ code }) => code === 'TABLES_EMPTIED');
  if (emptied.length > 0) {
    const count = emptied.reduce((sum, one) => sum + one.tables.length, 0);
    return check(w.schema, 'warn', w.schemaEmptied(count), emptied.map(({ message }) => message).join(' '));
  }
  const { leftOut } = status.schema;
  const text = w.schemaGood(status.database?.tables.length ?? 0);
  if (leftOut.length === 0) return check(w.schema, 'good', text);
  const named = leftOut.map(({ name, what }) => (what === 'rows' ? w.schemaRowsOf(tableLabel(name)) : name));
  return check(w.schema, 'good', `${text} ${w.schemaLeftOut(namesOf(named))}`);
}

function migrations(status: Status): Check {
  const found = status.migrations;
  if (found === null) return unavailable(w.migrations, status, 'migrations', 'unknown', w.notAsked);
  const text = w.migrationsStates[found];
  if (found === 'newest') return check(w.migrations, 'good', text);
  return found === 'older'
    ? check(w.migrations, 'bad', text, w.migrationsOlderHint)
    : check(w.migrations, 'warn', text, w.migrationsNewerHint);
}

function worker(status: Status, now: Date): Check {
  if (status.queue === null) return unavailable(w.worker, status, 'queue', 'unknown', w.notAsked);
  const { worker: isThere, queued, running, waitingSince } = status.queue;
  if (!isThere) return check(w.worker, 'bad', w.workerGone(queued), w.workerGoneHint);
  const waits = waitingSince === null ? 0 : now.getTime() - Date.parse(waitingSince);
  if (waits > LONG_WAIT_MS) return check(w.worker, 'warn', w.workerStuck(waits), w.workerStuckHint);
  return check(w.worker, 'good', running + queued > 0 ? w.workerBusy(running, queued) : w.workerIdle);
}

function storage(status: Status): Check {
  if (status.storage === null) return unavailable(w.storage, status, 'storage', 'bad', w.storageBad);
  const { backups, usedBytes, freeBytes, writable } = status.storage;
  if (!writable) return unavailable(w.storage, status, 'writing', 'bad', w.storageNotWritable);
  const little = status.recommendations.find(({ code }) => code === 'LITTLE_SPACE');
  const text = w.storageGood(backups, usedBytes, freeBytes);
  return little
    ? check(w.storage, little.level === 'urgent' ? 'bad' : 'warn', text, little.message)
    : check(w.storage, 'good', text);
}

function lastBackup(status: Status, now: Date): Check {
  if (status.storage === null) return check(w.backup, 'unknown', w.notAsked);
  const old = status.recommendations.find(({ code }) => LAST_BACKUP.includes(code));
  const state = old === undefined ? 'good' : old.level === 'urgent' ? 'bad' : 'warn';
  const last = status.lastBackup;
  const text = last ? w.backupGood(last.fileName, agoText(new Date(last.timestamp), now), last.rows) : w.backupNone;
  return {
    ...check(w.backup, state, text, old?.message ?? null),
    href: last && `/backups/${encodeURIComponent(last.fileName)}`,
  };
}

/** Checks the last failed operation; an old one was dealt with, or did no harm. */
function lastFailure(status: Status, now: Date): Check {
  const last = status.lastFailure;
  if (last === null) {
    const isSilent = status.troubles.some(({ part }) => part === 'operations' || part === 'database');
    return isSilent ? check(w.failure, 'unknown', w.notAsked) : check(w.failure, 'good', w.failureNone);
  }
  const at = new Date(last.at);
  const isRecent = now.getTime() - at.getTime() < RECENT_MS;
  const text = w.failureOld(words.operation.kind(last.kind), agoText(at, now), last.message);
  return { ...check(w.failure, isRecent ? 'warn' : 'good', text), href: `/operations/${last.id}` };
}

function connection(status: Status, { isEncrypted, isLocal }: ClientFacts): Check {
  if (isEncrypted && status.secureCookies) return check(w.connection, 'good', w.connectionGood);
  if (isEncrypted) return check(w.connection, 'warn', w.connectionMixed, w.connectionMixedHint);
  if (isLocal) return check(w.connection, 'good', w.connectionLocal);
  return check(w.connection, 'bad', w.connectionBad, w.connectionBadHint);
}

function clocks({ serverAheadMs }: ClientFacts): Check {
  if (serverAheadMs === null) return check(w.clock, 'unknown', w.notAsked);
  const skew = Math.abs(serverAheadMs);
  if (skew < CLOCK_TOLERANCE_MS) return check(w.clock, 'good', w.clockGood);
  return check(w.clock, skew < CLOCK_LIMIT_MS ? 'warn' : 'bad', w.clockOff(serverAheadMs), w.clockHint);
}

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).map(tableLabel).join(', ');
  return names.length > MAX_NAMES ? `${shown}, …` : shown;
}
