import { expect, test } from 'bun:test';
import { campaign } from '../../db/testing/campaign.fixture.ts';
import { openAuditor } from '../../scripts/dev/panel/auditor.ts';
import { EMAIL, PASSWORD, stage, WITHOUT_BROWSER } from './stage.fixture.ts';

// The rest only in the long form: axe-core has looked at every page in tests of its own, and the head and the policy are those of every page.
const INSIDE = ['/', '/restore', '/backups', '/operations', '/audit', '/access', '/status'].slice(0, campaign(2, 7));

// Performance is a time, and not asked here: `bun run lighthouse` prints it.
test.skipIf(WITHOUT_BROWSER)(
  'Lighthouse gives the pages it looks at 100 for accessibility and 100 for best practices',
  async () => {
    await using scene = await stage();
    await using auditor = await openAuditor(scene.url);
    const full = { scores: { accessibility: 100, 'best-practices': 100 }, faults: [] };
    const look = async (path: string) => ({
      path,
      ...(await auditor.audit(path, ['accessibility', 'best-practices'])),
    });
    expect(await look('/sign-in')).toEqual({ path: '/sign-in', ...full });
    await auditor.signIn({ email: EMAIL, password: PASSWORD });
    for (const path of INSIDE) expect(await look(path)).toEqual({ path, ...full });
  },
);
