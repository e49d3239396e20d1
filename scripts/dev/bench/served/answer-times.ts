import autocannon from 'autocannon';
import { AppError } from '../../../../server/core/errors.ts';

/** Number of simultaneous clients: a panel or two and a service. */
const CONNECTIONS = 4;
/** Requests per second. The server allows a token 20 per second; TOKENS of them share these, so that no limit is reached. */
const RATE = 100;
/** Number of tokens the requests must be spread over. */
export const TOKENS = 8;
const LONGEST_SECONDS = 3600;
const SAMPLE_MS = 100;

/**
 * Requests one address on four connections while `meanwhile` runs. Returns the milliseconds of each answer that arrived between
 * `count(true)` and `count(false)`. Throws UNEXPECTED when one was not a 2xx or did not arrive.
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
    // Each connection sends its 25 requests of a second one after the other: four are pending at once, then none until the next second.
    overallRate: RATE,
    // The correction for requests that were not sent in time is off: it takes its intervals, which are seconds, for milliseconds.
    ignoreCoordinatedOmission: true,
    sampleInt: SAMPLE_MS,
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
