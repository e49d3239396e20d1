import { type TestServer, testServers } from './servers.ts';

/**
 * Returns the size of a long campaign: `short` with the other tests, `long` under `bun run campaign`. Both prove the same promise; the long
 * form only tries more random cases.
 */
export function campaign(short: number, long: number): number {
  return process.env['CAMPAIGN'] === 'long' ? long : short;
}

/**
 * Returns the cases a test server takes of many alike: they are dealt out in rotation, or all under `bun run campaign`. A single server
 * takes them all. Cases in which servers differ go to every server.
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
