import { describe, expect, test } from 'bun:test';
import { AppError } from '../core/errors.ts';
import { createReadiness, notReady } from './readiness.ts';

describe('createReadiness()', () => {
  test('calls a check that does not end STALLED, and waits for it no longer than allowed', async () => {
    const never = () => new Promise<void>(() => undefined);
    const readiness = createReadiness([{ name: 'queue', check: never }], 20);
    expect(await readiness()).toEqual({ queue: 'STALLED' });
  });

  test('asks once for all who ask at the same time, and again afterwards', async () => {
    let asked = 0;
    const check = async () => {
      asked += 1;
    };
    const readiness = createReadiness([{ name: 'database', check }], 1000);
    await Promise.all([readiness(), readiness(), readiness()]);
    expect(asked).toBe(1);
    await readiness();
    expect(asked).toBe(2);
  });

  test('takes a check that throws at once like one that rejects', async () => {
    const check = () => {
      throw new AppError('DISK_FULL', 'No room.');
    };
    expect(await createReadiness([{ name: 'storage', check }], 1000)()).toEqual({ storage: 'DISK_FULL' });
  });

  test('tells why a check fails, as its hint says, once until that changes', async () => {
    let failure: AppError | null = new AppError('DISK_FULL', 'No room.');
    const check = async () => {
      if (failure) throw failure;
    };
    const told: (string | null)[] = [];
    const readiness = createReadiness([{ name: 'storage', check }], 1000, (name, error) =>
      told.push(error && `${name}: ${error.message}`),
    );
    await readiness();
    await readiness();
    failure = null;
    await readiness();
    await readiness();
    expect(told).toEqual(['storage: No room.', null]);
  });
});

describe('notReady()', () => {
  test('is null when all is well, and otherwise names every part that is down', () => {
    expect(notReady({})).toBeNull();
    expect(notReady({ database: 'ok' })).toBeNull();
    const failure = notReady({ database: 'ok', storage: 'DISK_FULL', queue: 'STALLED' });
    expect(failure?.code).toBe('DISK_FULL');
    expect(failure?.message).toBe('Not ready: storage (DISK_FULL), queue (STALLED).');
  });
});
