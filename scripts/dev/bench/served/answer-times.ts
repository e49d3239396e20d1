import autocannon from 'autocannon';
import { AppError } from '../../../../server/core/errors.ts';

/** As many as ask at the same instant: a panel or two and a service. */
const CONNECTIONS = 4;
/** Requests a second. The server lets a token ask 20 times a second; these are shared by TOKENS of them, so that no limit is met. */
const RATE = 100;
/** How many tokens the requests must be spread over. */
export const TOKENS = 8;
const LONGEST_SECONDS = 3600;
const LOOK_MS = 100;

/**
 * Asks one address again and again, on four connections, while `meanwhile` runs, and returns how many milliseconds each answer took that came
 * between `count(true)` and `count(false)`. Throws UNEXPECTED when one was not a 2xx or did not come.
 *
 * Each connection sends its 25 requests of a second one after the other, as soon as the last is answered, so that four are asked at once
 * and then none until the next second. autocannon's correction for
 * requests it could not send in time is left off: it takes its intervals, which are seconds, for milliseconds.
 */
export async function answerTimes(
  url: string,
  tokens: string[],
  meanwhile: (count: (on: boolean) => void) => Promise<void>,
): Promise<number[]> {
  const times: number[] = [];
  let counting = false;
  const run = autocannon({
    url,
    connections: CONNECTIONS,
    duration: LONGEST_SECONDS,
    overallRate: RATE,
    ignoreCoordinatedOmission: true,
    sampleInt: LOOK_MS,
    requests: tokens.map((token) => ({ headers: { Authorization: `Bearer ${token}` } })),
  });
  run.on('response', (_client, _status, _bytes, milliseconds) => {
    if (counting) times.push(milliseconds);
  });
  try {
    await meanwhile((on) => {
      counting = on;
    });
  } finally {
    run.stop();
  }
  const { errors, non2xx } = await run;
  if (errors + non2xx === 0) return times;
  throw new AppError('UNEXPECTED', `${errors + non2xx} answers of ${new URL(url).pathname} were none.`, {
    hint: `${non2xx} had another status than 2xx, ${errors} did not come.`,
  });
}
