/**
 * Breaks the program on purpose, one breakage of the table after the other, in a copy of the project, and runs the tests that stand near.
 * Says which were found and by which test, and names the survivors.
 *
 * Words choose breakages: `bun run breakages "promise 5" apply.ts`.
 * Ends with 0 when all were found, with 1 when one survived, or its tests did not run or fail of the program as it is.
 */
import { join } from 'node:path';
import { type Breakage, chooseBreakages } from './breakage.ts';
import { openSandbox } from './sandbox.ts';
import { BREAKAGES } from './table.ts';

const CANCELLED = 130;
const cancel = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => cancel.abort());

process.exit(await runBreakages(process.argv.slice(2), cancel.signal));

async function runBreakages(words: string[], signal: AbortSignal): Promise<number> {
  const chosen = chooseBreakages(BREAKAGES, words);
  if (chosen.length === 0) {
    console.log(`No breakage holds ${words.map((word) => JSON.stringify(word)).join(' and ')}.`);
    return 1;
  }
  const left: Breakage[] = [];
  let found = 0;
  try {
    await using sandbox = await openSandbox(join(import.meta.dir, '../../..'), signal);
    const complaint = await sandbox.compile(chosen);
    if (complaint !== null) {
      console.log(`Not all of these compile, and what does not is no finding:\n${complaint}`);
      return 1;
    }
    for (const [index, breakage] of chosen.entries()) {
      const { breaks, does, file, changesNothing } = breakage;
      const began = performance.now();
      const outcome = await sandbox.attempt(breakage);
      const seconds = Math.round((performance.now() - began) / 1000);
      const isExpected = outcome.kind === 'survived' && changesNothing !== undefined;
      const word = isExpected ? 'changes nothing' : outcome.kind === 'survived' ? 'SURVIVED' : outcome.kind;
      if (outcome.kind === 'found') found++;
      else if (!isExpected) left.push(breakage);
      console.log(`${index + 1}/${chosen.length} ${word}: ${breaks}, ${does} (${file}, ${seconds} s)`);
      if ('by' in outcome) console.log(`    by “${outcome.by}”`);
      if (isExpected) console.log(`    ${changesNothing}`);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    console.log('Cancelled.');
    return CANCELLED;
  }
  for (const { breaks, does, file, tests } of left)
    console.log(`LEFT: ${breaks}, ${does} (${file}); tests: ${tests.join(', ')}`);
  console.log(`${found} found, ${chosen.length - found - left.length} that change nothing, ${left.length} left`);
  return left.length === 0 ? 0 : 1;
}
