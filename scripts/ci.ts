/**
 * Everything that must be true before a change is taken, in one command. Runs in a clean clone, before anything is installed,
 * and therefore imports no package. Stops at the first failure; the last line is `N passed, N failed`, of the tests.
 */
/** One that `speaks` is heard while it runs; of the others only what a failure says is shown. */
const STEPS: { name: string; words: string[]; speaks?: true }[] = [
  { name: 'install', words: ['install', '--frozen-lockfile'] },
  { name: 'format', words: ['run', 'format:check'] },
  { name: 'lint', words: ['run', 'lint'] },
  { name: 'types', words: ['run', 'typecheck'] },
  { name: 'arrows', words: ['run', 'arrows'] },
  { name: 'unused code', words: ['run', 'unused'] },
  { name: 'build', words: ['run', 'build'] },
  { name: 'browser', words: ['scripts/ensure-browser.ts'], speaks: true },
  { name: 'tests', words: ['run', 'test'], speaks: true },
];
const SUMMARY = /^\d+ passed, \d+ failed$/m;
const root = `${import.meta.dir}/..`;

let summary: string | null = null;
let failed: string | null = null;
for (const { name, words, speaks = false } of STEPS) {
  const began = performance.now();
  if (speaks) console.log(`· ${name}`);
  const { exitCode, output } = await run(words, speaks);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  summary = SUMMARY.exec(output)?.[0] ?? null;
  console.log(`${exitCode === 0 ? '✓' : '✗'} ${name} (${seconds} s)`);
  if (exitCode === 0) continue;
  if (!speaks) console.log(output);
  failed = name;
  break;
}
if (failed === null && !(await dependenciesAreSound())) failed = 'known faults of dependencies';
if (failed !== null) console.log(`Failed: ${failed}.`);
console.log(summary ?? '0 passed, 1 failed');
process.exit(failed === null && summary !== null ? 0 : 1);

/** Whether nothing is known against what is installed. A registry that is not reached, or does not offer to tell, fails nothing: it is said. */
async function dependenciesAreSound(): Promise<boolean> {
  const { exitCode, output } = await run(['audit', '--audit-level=high'], false);
  const silence = /^error: .*$/m.exec(output)?.[0];
  if (exitCode === 0) console.log('✓ no known faults of dependencies');
  else if (silence) console.log(`NOT CHECKED: known faults of dependencies; the registry does not tell (${silence}).`);
  else console.log(`✗ known faults of dependencies\n${output}`);
  return exitCode === 0 || silence !== undefined;
}

/** Runs this very bun with the words, keeping its output, and showing it too when asked. */
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
