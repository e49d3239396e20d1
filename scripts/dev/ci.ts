/**
 * Runs in one command every check that a change must pass. Runs in a clean clone, before anything is installed, and therefore imports no
 * package. Stops at the first failure; the last line is `N passed, N failed`, of the tests.
 */
interface Step {
  name: string;
  words: string[];
  /** True to show the output while it runs; otherwise only that of a failure is shown. */
  speaks?: true;
}
/** Steps in order. Those of one line run in parallel: each of them leaves a processor idle half of its time. */
const STEPS: Step[][] = [
  [{ name: 'install', words: ['install', '--frozen-lockfile'] }],
  [
    { name: 'types', words: ['run', 'typecheck'] },
    { name: 'format', words: ['run', 'format:check'] },
    { name: 'arrows', words: ['run', 'arrows'] },
  ],
  [
    { name: 'build', words: ['run', 'build'] },
    { name: 'lint', words: ['run', 'lint'] },
    { name: 'unused code', words: ['run', 'unused'] },
  ],
  [{ name: 'browser', words: ['scripts/dev/ensure-browser.ts'], speaks: true }],
  [{ name: 'tests', words: ['run', 'test'], speaks: true }],
];
const SUMMARY = /^\d+ passed, \d+ failed$/m;
const root = `${import.meta.dir}/../..`;

let summary: string | null = null;
let failed: string | null = null;
for (const steps of STEPS) {
  const ended = await Promise.all(steps.map(take));
  summary = ended.at(-1)?.summary ?? null;
  failed = ended.find((step) => !step.good)?.name ?? null;
  if (failed !== null) break;
}
if (failed === null && !(await dependenciesAreSound())) failed = 'known faults of dependencies';
if (failed !== null) console.log(`Failed: ${failed}.`);
console.log(summary ?? '0 passed, 1 failed');
process.exit(failed === null && summary !== null ? 0 : 1);

async function take({ name, words, speaks }: Step) {
  const began = performance.now();
  if (speaks) console.log(`· ${name}`);
  const { exitCode, output } = await run(words, speaks === true);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${exitCode === 0 ? '✓' : '✗'} ${name} (${seconds} s)`);
  if (exitCode !== 0 && !speaks) console.log(output);
  return { name, good: exitCode === 0, summary: SUMMARY.exec(output)?.[0] ?? null };
}

/**
 * Returns true unless an installed package has a known vulnerability of high severity. A registry that is unreachable, or offers no audit,
 * fails nothing and is reported.
 */
async function dependenciesAreSound(): Promise<boolean> {
  const { exitCode, output } = await run(['audit', '--audit-level=high'], false);
  const silence = /^error: .*$/m.exec(output)?.[0];
  if (exitCode === 0) console.log('✓ no known faults of dependencies');
  else if (silence) console.log(`NOT CHECKED: known faults of dependencies; the registry does not tell (${silence}).`);
  else console.log(`✗ known faults of dependencies\n${output}`);
  return exitCode === 0 || silence !== undefined;
}

/** Runs this very bun with the words and keeps its output; also shows it when asked. */
async function run(words: string[], show: boolean): Promise<{ exitCode: number; output: string }> {
  const child = Bun.spawn([process.execPath, ...words], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err] = await Promise.all([collect(child.stdout, show), collect(child.stderr, show)]);
  return { exitCode: await child.exited, output: `${err}${out}` };
}

async function collect(stream: ReadableStream<Uint8Array>, show: boolean): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of stream) {
    const piece = decoder.decode(bytes, { stream: true });
    if (show) process.stdout.write(piece);
    text += piece;
  }
  return text;
}
