import { expect, test } from 'bun:test';
import { campaign } from '../../db/testing/campaign.fixture.ts';
import { openAuditor } from '../../scripts/dev/panel/auditor.ts';
import { EMAIL, PASSWORD, startPanelServer, WITHOUT_BROWSER } from './panel-server.fixture.ts';

// The others only in the long form: axe-core checks every page elsewhere, and head and policy are the same on all.
const INSIDE = ['/', '/restore', '/backups', '/operations', '/audit', '/access', '/status'].slice(0, campaign(2, 7));

// Performance is a time and not checked here; `bun run lighthouse` prints it.
test.skipIf(WITHOUT_BROWSER)(
  'Lighthouse gives the pages it looks at 100 for accessibility and 100 for best practices',
  async () => {
    await using panel = await startPanelServer();
    await using auditor = await openAuditor(panel.url);
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
