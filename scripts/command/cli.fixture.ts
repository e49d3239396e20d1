/** A command for the tests of `runCommand`: it does what its flags say. */
import { AppError } from '../../server/core/errors.ts';
import { type Command, runCommand } from './cli.ts';

const flags = {
  wait: { kind: 'switch', help: 'runs until told to stop, then cleans up for a while' },
  fail: { kind: 'text', value: 'HOW', help: 'app, foreign or stray' },
  harmless: { kind: 'switch', help: 'its warning tells of nothing wrong' },
  late: { kind: 'switch', help: 'is told to stop when everything is done already' },
  lines: { kind: 'number', value: 'N', min: 0, max: 1_000_000, help: 'lines of output' },
} as const;

const command: Command<typeof flags> = {
  name: 'command/cli.fixture',
  summary: 'Does what its flags say.',
  flags,
  settings: [],
  examples: [],
  async run({ values, signal, onProgress, note, detail }) {
    onProgress({ stage: 'copy', rows: 1, bytes: 10, totalBytes: 100, table: 'public.staff' });
    note('a note');
    detail('a detail with postgres://bob:hunter22@db/x');
    if (values.fail === 'app') {
      throw new AppError('DISK_FULL', 'The disk is full.', {
        hint: 'Free some.',
        details: { free: 1 },
        cause: new Error('wrote to postgres://bob:hunter22@db/x and then used the password hunter22'),
      });
    }
    if (values.fail === 'foreign') throw new TypeError('hunter22 is not a function');
    if (values.fail === 'stray') void Promise.reject(new TypeError('nobody caught this'));
    if (values.wait || values.fail === 'stray') {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      await Bun.sleep(values.wait ? 400 : 0);
      signal.throwIfAborted();
    }
    if (values.late) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    const lines = Array.from({ length: values.lines ?? 1 }, (_, index) => `line ${index} ${'x'.repeat(90)}`);
    return {
      data: { lines: lines.length, odd: 'a\u0085b' },
      lines,
      warnings: ['a warning'],
      ...(values.harmless && { wrong: [] }),
    };
  },
};

if (import.meta.main) await runCommand(command);
