/**
 * Returns how much of a long campaign to run: `short` with the other tests, `long` under `bun run campaign`. Both prove the same
 * promise; the long form only tries more of what chance decides.
 */
export function campaign<Size>(short: Size, long: Size): Size {
  return process.env['CAMPAIGN'] === 'long' ? long : short;
}
