import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { FailureBody } from '../../server/core/errors.ts';
import { type CommandFolder, commandFolder, jsonOf } from './command-folder.fixture.ts';

const SECRET = { DATABASE_URL: 'postgres://bob:hunter22@db/x' };
let folder: CommandFolder;
beforeAll(async () => {
  folder = await commandFolder(null);
});
afterAll(() => folder[Symbol.asyncDispose]());

const run = (...args: string[]) => folder.run('command/cli.fixture', args, SECRET);

describe('what a command says', () => {
  test('results go to stdout, everything else to stderr', async () => {
    const { code, stdout, stderr } = await run('--lines', '2');
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.slice(0, 6))).toEqual(['line 0', 'line 1', '']);
    expect(stderr).toContain('copying  10 %');
    expect(stderr).toContain('a note\n');
    expect(stderr).toContain('warning: a warning\n');
    expect(stderr).not.toContain('a detail');
    expect(stderr).not.toContain('\r');
  });

  test('--json puts one object on stdout and nothing else, harmless to a terminal', async () => {
    const done = await run('--json', '--lines', '3');
    expect(jsonOf<object>(done)).toMatchObject({ success: true, data: { lines: 3, odd: 'a\u0085b' } });
    expect(jsonOf<{ timestamp: string }>(done).timestamp).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(done.stdout).toContain('a\\u0085b');
  });

  test('--silent says nothing of a success but what is wrong with it, and still says what failed', async () => {
    expect(await run('--silent')).toEqual({ code: 0, stdout: '', stderr: 'warning: a warning\n' });
    expect(await run('--silent', '--harmless')).toEqual({ code: 0, stdout: '', stderr: '' });
    const failed = await run('-s', '--fail', 'app');
    expect(failed).toEqual({
      code: 3,
      stdout: '',
      stderr: 'error: The disk is full. [DISK_FULL]\n  hint: Free some.\n',
    });
  });

  test('--verbose shows details and causes with their secrets masked', async () => {
    const { stderr } = await run('-v', '--fail', 'app');
    expect(stderr).toContain('a detail with postgres://***@db/x');
    expect(stderr).toContain('details: {"free":1}');
    expect(stderr).toContain('caused by: Error: wrote to postgres://***@db/x and then used the password ***');
    expect(stderr).not.toContain('hunter22');
  });

  test('an error nobody foresaw is UNEXPECTED with exit code 1, and its own words only with --verbose', async () => {
    const plain = await run('--fail', 'foreign', '--json');
    expect(plain.code).toBe(1);
    expect(jsonOf<FailureBody>(plain).error.code).toBe('UNEXPECTED');
    expect(plain.stdout + plain.stderr).not.toContain('is not a function');
    expect((await run('--fail', 'foreign', '-v')).stderr).toContain('*** is not a function');
  });

  test('an error that nobody caught still lets the command clean up, and is exit code 1', async () => {
    const { code, stderr } = await run('--fail', 'stray', '-v');
    expect(code).toBe(1);
    expect(stderr).toContain('[UNEXPECTED]');
    expect(stderr).toContain('nobody caught this');
  });

  test('a failure as --json has the shape of every surface', async () => {
    const body = jsonOf<FailureBody>(await run('--json', '--fail', 'app'));
    const { timestamp } = body;
    expect(body).toEqual({
      success: false,
      error: { code: 'DISK_FULL', message: 'The disk is full.', details: { free: 1 }, hint: 'Free some.', timestamp },
      timestamp,
    });
  });

  test('a command line that cannot be read is exit code 4, as JSON when that was asked for', async () => {
    const done = await run('--jsom', '--json', '--lines', '1');
    expect(done.code).toBe(4);
    expect(jsonOf<FailureBody>(done).error).toMatchObject({ code: 'USAGE', message: 'There is no flag --jsom.' });
    expect(jsonOf<FailureBody>(done).error.hint).toContain('--json');
  });
});

describe('a reader that leaves', () => {
  test('does not fail a command, on stdout or stderr', async () => {
    const line = `'${process.execPath}' '${import.meta.dir}/cli.fixture.ts' --lines 100000`;
    const shell = (pipeline: string) =>
      Bun.spawn(['bash', '-c', `${pipeline}; echo "\${PIPESTATUS[0]}"`], {
        cwd: folder.dir,
        stdout: 'pipe',
        stderr: 'ignore',
      });
    expect(await shell(`${line} | head -c 10 >/dev/null`).stdout.text()).toBe('0\n');
    expect(await shell(`${line} 2>&1 >/dev/null | true`).stdout.text()).toBe('0\n');
    expect(await shell(`${line} >/dev/full`).stdout.text()).toBe('0\n');
  });

  test('gets every line when it is only slow', async () => {
    const line = `'${process.execPath}' '${import.meta.dir}/cli.fixture.ts' --lines 50000 | (sleep 0.3; wc -l)`;
    const child = Bun.spawn(['bash', '-c', line], { cwd: folder.dir, stdout: 'pipe', stderr: 'ignore' });
    expect((await child.stdout.text()).trim()).toBe('50000');
  });
});

describe('Ctrl-C', () => {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`${name} cancels, waits for the clean-up and ends with 130`, async () => {
      const started = folder.start('command/cli.fixture', ['--wait', '--json']);
      await started.says('a note');
      started.signal(name);
      const done = await started.finished;
      expect(done.code).toBe(130);
      expect(jsonOf<FailureBody>(done).error.code).toBe('CANCELLED');
      expect(done.stderr).toContain('Cancelling: cleaning up first.\n');
    });
  }

  test('one that comes when all is done says that it was too late, with --silent too, and the result stands', async () => {
    const started = folder.start('command/cli.fixture', ['--late', '--json']);
    await started.says('a note');
    started.signal('SIGINT');
    const done = await started.finished;
    expect([done.code, jsonOf<{ success: boolean }>(done).success]).toEqual([0, true]);
    expect(done.stderr).toContain('Too late to cancel: it was done already, and stays done.\n');
  });

  test('a second one says that it is still cleaning up, and changes nothing', async () => {
    const started = folder.start('command/cli.fixture', ['--wait']);
    await started.says('a note');
    started.signal('SIGINT');
    await started.says('Cancelling');
    started.signal('SIGINT');
    const done = await started.finished;
    expect(done.stderr).toContain('Still cleaning up');
    expect(done.code).toBe(130);
  });
});

test('on a terminal progress is one redrawn line, cleared before anything else is written', async () => {
  const { code, shown } = await folder.onTerminal('command/cli.fixture', ['--lines', '1'], '');
  expect(code).toBe(0);
  expect(shown).toContain('\rcopying  10 %  1 row  10 B of 100 B');
  expect(shown).toContain('\r\x1b[Ka note');
});
