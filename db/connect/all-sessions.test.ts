import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { Glob } from 'bun';

const ROOT = join(import.meta.dir, '../..');
const SOURCES = [...new Glob('{db,server,scripts}/**/*.{ts,tsx}').scanSync(ROOT)].filter(
  (file) => !/[.](test|suite|fixture)[.]tsx?$|\/fixtures\//.test(file) && !file.startsWith('db/testing'),
);

/** Every way of our programs to reach a server without the settings of `working-session.ts`, and the files where that is allowed. */
const DRIVER_USES: { pattern: RegExp; allowed: Record<string, string> }[] = [
  {
    pattern: /from '(?:pg|pg-pool|pg-native)'/,
    allowed: {
      'db/connect/array-types.ts': 'reads text into arrays, and opens nothing',
      'db/connect/client.ts': 'the one client everything else is made of',
      'db/embedded/postmaster.ts': 'asks a server of our own whether it is there',
      'db/embedded/embedded.ts': 'makes the role and the database of a server of our own',
    },
  },
  {
    pattern: /from '(?:postgres|bun:sql)'|\bBun\.(?:sql|SQL)\b|import \{[^}]*\b(?:sql|SQL)\b[^}]*\} from 'bun'/,
    allowed: { 'db/connect/driver.ts': 'names every setting while it signs in' },
  },
  {
    pattern: /from 'pg-boss'/,
    allowed: { 'server/jobs/queue/queue.ts': 'names every setting while it signs in and afterwards' },
  },
  {
    pattern: /\bnew DatabaseClient\(/,
    allowed: {
      'db/connect/session.ts': 'a session: whoever opens one configures it',
      'db/connect/driver.ts': 'signs in to learn where to, and ends',
      'db/connect/liveness.ts': 'signs in to see whether anybody is there, and ends',
    },
  },
];

/** Sessions, by the names they are given, whose queries no setting could affect. */
const PLAIN_SESSIONS: Record<string, string> = {
  'server/jobs/operations.ts openControl': 'tells a pooler by its backends, and ends',
  'server/backup/checks/check.ts checkDatabase': 'tells a pooler by its backends, and ends',
  'server/jobs/queue/queue.ts first': 'tells a pooler by its backends, and ends',
  'server/jobs/queue/queue.ts refusePoolerAt': 'tells a pooler by its backends, and ends',
  'server/process/front-page/overview.ts askDatabase': 'SELECT 1, through a pooler as well',
  'scripts/command/restore/target.ts readTarget': 'asks which database it is, through a pooler as well',
  'scripts/dev/panel/demo-server.ts session': 'another client, who holds locks in pictures',
  'scripts/dev/bench/server.ts session': 'asks a server of our own, for its numbers',
};

/** Returns a file's code without comments and type imports. */
async function codeOf(file: string): Promise<string> {
  const text = await Bun.file(join(ROOT, file)).text();
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$|^import type [^;]*;/gm, '');
}

test('promise 2: only those files that give a session its settings reach a server by themselves', async () => {
  expect(SOURCES.length).toBeGreaterThan(300);
  for (const { pattern: door, allowed } of DRIVER_USES) {
    const found: string[] = [];
    for (const file of SOURCES) if (door.test(await codeOf(file))) found.push(file);
    expect(found.sort()).toEqual(Object.keys(allowed).sort());
  }
  const driver = await codeOf('db/connect/driver.ts');
  expect(driver).toContain('...signInSettings()');
  const queue = await codeOf('server/jobs/queue/queue.ts');
  expect(queue).toContain('options: signInOptions()');
  expect(queue).toContain('afterwards: signedInSettings()');
});

test('promise 2: every session that is opened is configured, or asks nothing that a setting changes', async () => {
  const plain = new Set<string>();
  let configured = 0;
  for (const file of SOURCES) {
    const code = await codeOf(file);
    if (file === 'db/connect/session.ts' || !/\bopenSession\b/.test(code)) continue;
    // Split by top-level functions, so that each name stands for one session.
    for (const part of code.split(/^(?=(?:export )?(?:async )?function )/m)) {
      const within = /^(?:export )?(?:async )?function (\w+)/.exec(part)?.[1] ?? 'session';
      const calls = part.match(/\bopenSession\(/g)?.length ?? 0;
      const names = [...part.matchAll(/(?:const|using) (\w+) = await openSession\(/g)].map(([, name = '']) => name);
      const bare = names.filter((name) => !new RegExp(`\\bconfigure(?:Session|Transaction)\\(${name}\\b`).test(part));
      configured += names.length - bare.length;
      const ofFile = (name: string) => `${file} ${name}`;
      for (const name of bare) plain.add(ofFile(`${file} ${name}` in PLAIN_SESSIONS ? name : within));
      if (calls > names.length) plain.add(ofFile(`${file} ${within}` in PLAIN_SESSIONS ? within : 'session'));
    }
  }
  expect([...plain].sort()).toEqual(Object.keys(PLAIN_SESSIONS).sort());
  expect(configured).toBeGreaterThan(6);
});
