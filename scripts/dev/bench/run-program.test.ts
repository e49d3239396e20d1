import { expect, test } from 'bun:test';
import { tmpdir } from 'node:os';
import { runProgram } from './run-program.ts';

const never = new AbortController().signal;
const options = { cwd: tmpdir(), env: { PATH: '/usr/bin:/bin' }, signal: never };
const bun = (code: string) => [process.execPath, '-e', code];

test('runProgram() returns or counts what the program wrote, as asked', async () => {
  const words = bun('process.stdout.write("é".repeat(1000))');
  expect(await runProgram(words, { ...options, stdout: 'keep' })).toMatchObject({
    text: 'é'.repeat(1000),
    bytes: 2000,
  });
  expect(await runProgram(words, { ...options, stdout: 'count' })).toMatchObject({ text: '', bytes: 2000 });
  expect(await runProgram(words, options)).toMatchObject({ text: '', bytes: 0 });
});

test('runProgram() refuses a failed run, with what the program said last', async () => {
  const words = bun('console.error("no such table"); process.exit(3)');
  await expect(runProgram(words, options)).rejects.toMatchObject({
    code: 'UNEXPECTED',
    message: expect.stringContaining('exit code 3'),
    hint: expect.stringContaining('no such table'),
  });
});

test('runProgram() gives the program no variable it was not given', async () => {
  const { text } = await runProgram(bun('console.log(Object.keys(process.env).includes("HOME"))'), {
    ...options,
    stdout: 'keep',
  });
  expect(text).toBe('false\n');
});

test.skipIf(process.platform !== 'linux')(
  'runProgram() measures the memory of the program, not of the one that starts it',
  async () => {
    const ballast = Buffer.alloc(200e6, 1);
    const [small, large] = [
      await runProgram(['sleep', '0.2'], options),
      await runProgram(bun('const b = Buffer.alloc(150e6, 1); await Bun.sleep(300); console.log(b.length)'), options),
    ];
    expect(small.peakRss).toBeLessThan(ballast.length / 4);
    expect(large.peakRss).toBeGreaterThan(150e6);
  },
);

test('runProgram() ends the program when it is aborted, and says that it was', async () => {
  const controller = new AbortController();
  const marker = 'setInterval(() => {}, 60_000)';
  const run = runProgram(bun(marker), { ...options, signal: controller.signal });
  controller.abort();
  await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
});
