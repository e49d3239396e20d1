import { expect, test } from 'bun:test';
import type { Recommendation, Status } from '../../api.ts';
import { clockText } from '../../lib/format.ts';
import { HEALTHY as status } from '../status/status.fixture.ts';
import { staleVerdict, verdictOf } from './verdict.ts';

const note: Recommendation = { code: 'X', level: 'note', message: 'a note', archive: null, tables: [] };
const soon: Recommendation = { code: 'X', level: 'soon', message: 'do it soon', archive: null, tables: [] };
const urgent: Recommendation = { code: 'X', level: 'urgent', message: 'do it now', archive: null, tables: [] };

test('data is called safe only when nothing urgent or soon is to be done, and everything could be looked at', () => {
  expect(verdictOf(status)).toMatchObject({ level: 'safe', from: null });
  expect(verdictOf({ ...status, recommendations: [note] })).toMatchObject({ level: 'safe' });
  expect(verdictOf({ ...status, recommendations: [note, soon] })).toMatchObject({
    level: 'soon',
    because: 'do it soon',
  });
  expect(verdictOf({ ...status, recommendations: [urgent, soon] })).toMatchObject({
    level: 'unsafe',
    because: 'do it now',
    from: urgent,
  });
});

test('a folder that was lost is the worst there is, whatever else can be seen', () => {
  const lost = { part: 'storage', code: 'STORAGE_LOST', message: 'The backups are gone.', hint: null } as const;
  const troubles: Status['troubles'] = [{ ...lost, part: 'database', code: 'DATABASE_ERROR', message: 'x' }, lost];
  expect(verdictOf({ ...status, storage: null, troubles })).toMatchObject({
    level: 'unsafe',
    because: 'The backups are gone.',
  });
});

test('what cannot be seen is never called safe', () => {
  const troubles: Status['troubles'] = [
    { part: 'database', code: 'DATABASE_UNREACHABLE', message: 'The database does not answer.', hint: null },
  ];
  expect(verdictOf({ ...status, database: null, troubles }).level).toBe('unknown');
  expect(verdictOf({ ...status, storage: null, troubles })).toMatchObject({
    level: 'unknown',
    because: 'The database does not answer.',
  });
  expect(verdictOf({ ...status, database: null, recommendations: [urgent], troubles }).level).toBe('unsafe');
});

test('what nobody can confirm right now fades to what it was, and when', () => {
  const seenAt = new Date('2026-11-23T11:00:00Z');
  const faded = staleVerdict(verdictOf({ ...status, recommendations: [soon] }), seenAt);
  expect(faded).toMatchObject({ level: 'unknown', because: 'do it soon', from: soon });
  expect(faded.sentence).toBe(
    `As of ${clockText(seenAt)}: ${verdictOf({ ...status, recommendations: [soon] }).sentence}`,
  );
});
