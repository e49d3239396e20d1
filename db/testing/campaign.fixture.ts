import { type TestServer, testServers } from './servers.ts';

/**
 * Returns the size of a long campaign: `short` with the other tests, `long` under `bun run campaign`. Both prove the same promise; the long
 * form only tries more random cases.
 */
export function campaign(short: number, long: number): number {
  return process.env['CAMPAIGN'] === 'long' ? long : short;
}

/**
 * Returns the cases a test server takes of many alike: those of a kind are dealt out in rotation, or all go to each under `bun run campaign`.
 * A kind with a single case goes to every server, and a single server takes them all. So each server tries every kind.
 */
export function shareOf<Case>(
  server: TestServer,
  cases: readonly Case[],
  kindOf: (one: Case) => string = () => '',
): Case[] {
  const servers = testServers();
  const turn = servers.indexOf(server);
  const kinds = Map.groupBy(cases, kindOf);
  return cases.filter((one) => {
    const alike = kinds.get(kindOf(one)) ?? [];
    return alike.length === 1 || campaign(alike.indexOf(one) % servers.length, turn) === turn;
  });
}
