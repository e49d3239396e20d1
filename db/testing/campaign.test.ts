import { describe, expect, test } from 'bun:test';
import { shareOf } from './campaign.fixture.ts';
import { testServers } from './servers.ts';

const CASES = ['check 1', 'key 1', 'check 2', 'NOT NULL', 'key 2', 'check 3'];
const kindOf = (one: string) => one.replace(/ \d$/, '');
const shares = testServers().map((server) => shareOf(server, CASES, kindOf));

describe('shareOf()', () => {
  test('leaves no case out', () => {
    expect(CASES.filter((one) => !shares.some((share) => share.includes(one)))).toEqual([]);
  });

  test('gives every server a case of each kind', () => {
    for (const share of shares) expect(new Set(share.map(kindOf))).toEqual(new Set(CASES.map(kindOf)));
  });

  test.skipIf(testServers().length === 1 || process.env['CAMPAIGN'] === 'long')(
    'gives no case twice that has its like',
    () => {
      expect(shares.flat().toSorted()).toEqual([...CASES, 'NOT NULL'].toSorted());
    },
  );
});
