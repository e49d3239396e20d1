import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { AppError } from '../../core/errors.ts';
import { type OperationRequest, readRequest } from './requests.ts';

const name = fc.string({ minLength: 1, maxLength: 50 });
const tables = fc.option(fc.array(name, { minLength: 1, maxLength: 5 }), { nil: undefined });
const backup = fc
  .record({
    kind: fc.constant('backup' as const),
    tables,
    method: fc.oneof(
      fc.record({ compression: fc.constant('deflate' as const), level: fc.option(fc.integer({ min: 0, max: 9 })) }),
      fc.record({ compression: fc.constant('zstd' as const), level: fc.option(fc.integer({ min: 1, max: 19 })) }),
    ),
    name: fc.option(name, { nil: undefined }),
    strict: fc.boolean(),
    verify: fc.boolean(),
    wait: fc.boolean(),
  })
  .map(({ method: { compression, level }, ...rest }) => ({ ...rest, compression, level: level ?? undefined }));
const request: fc.Arbitrary<OperationRequest> = fc.oneof(
  backup,
  fc.record({ kind: fc.constant('verify' as const), archive: name, wait: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('restore' as const, 'plan' as const), archive: name, tables, wait: fc.boolean() }),
);

test('a request reads back from its record as it was asked', () => {
  fc.assert(
    fc.property(request, (asked) => {
      const { kind, ...parameters } = readRequest(asked);
      const recorded = JSON.parse(JSON.stringify(parameters));
      expect(readRequest({ ...recorded, kind })).toEqual(readRequest(asked));
      expect(Object.values(parameters)).not.toContain(undefined);
    }),
  );
});

test('whatever comes instead is INPUT_INVALID, and its values are not repeated', () => {
  const secret = 'hunter2-hunter2';
  const hostile = fc.oneof(
    fc.anything(),
    fc.record({ kind: fc.constantFrom('backup', 'restore', 'verify', 'drop', secret), archive: fc.anything() }),
    backup.map((asked) => ({ ...asked, compression: secret })),
    backup.map((asked) => ({ ...asked, level: 99 })),
  );
  fc.assert(
    fc.property(hostile, (asked) => {
      try {
        readRequest(asked);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        expect(error.code).toBe('INPUT_INVALID');
        expect(error.message).not.toContain(secret);
      }
    }),
  );
});
