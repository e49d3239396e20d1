import { type TestServer, testServers } from './servers.ts';

/**
 * Returns how much of a long campaign to run: `short` with the other tests, `long` under `bun run campaign`. Both prove the same
 * promise; the long form only tries more of what chance decides.
 */
export function campaign(short: number, long: number): number {
  return process.env['CAMPAIGN'] === 'long' ? long : short;
}

/**
 * Returns which of many like cases a test server takes: by turns, so that each is tried on one of the servers, and on all of them under
 * `bun run campaign`. Where there is only one server, that takes them all; and so do all, of cases in which they differ.
 */
export function shareOf<Case>(
  server: TestServer,
  cases: readonly Case[],
  differs: (one: Case) => boolean = () => false,
): Case[] {
  const servers = testServers();
  const turn = servers.indexOf(server);
  return cases.filter((one, index) => differs(one) || campaign(index % servers.length, turn) === turn);
}
