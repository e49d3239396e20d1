/**
 * Returns how much of a long campaign to run: `short` with the other tests, `long` under `bun run campaign`. Both prove the same
 * promise; the long form only tries more of what chance decides.
 */
export function campaign(short: number, long: number): number {
  return process.env['CAMPAIGN'] === 'long' ? long : short;
}
