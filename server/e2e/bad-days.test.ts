import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmod, chown, mkdtemp, rename, rm, utimes } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unprivilegedLaunch } from '../../db/embedded/unprivileged.ts';
import { fillDemo } from '../../db/hrms/demo/demo.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { readOutcome } from '../api/wire.fixture.ts';
import { ERROR_FAMILIES, type ErrorCode } from '../core/errors.ts';
import { type Action, RIGHTS } from '../security/rights.ts';
import { until } from '../testing/until.fixture.ts';
import { type PausingProxy, pausingProxy } from './pausing-proxy.fixture.ts';
import { type Program, startProgram } from './program.fixture.ts';
import { DEMO_PASSWORD, type Person, SUPER_ADMIN, signIn } from './system.fixture.ts';

/**
 * A server in a process of its own, run as nobody who may read everything, through one bad day after the other. Whatever it answers is
 * looked through for paths, and whatever it says is a line of its log.
 */
interface Setup {
  folder: string;
  database: TestDatabase;
  proxy: PausingProxy;
  program: Program;
  owner: Person;
  /** Who is signed out in a test, so that the owner stays. */
  other: Person;
}

interface Call {
  path: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Far longer than the three seconds that are promised, and far shorter than a connection is waited for. */
const GIVEN_UP_MS = 8000;
const METRICS_TOKEN = 'what-the-scraper-sends';
const JSON_TYPE = { 'Content-Type': 'application/json' };

const opened = new AsyncDisposableStack();
let setup: Setup;
let operation = crypto.randomUUID() as string;
let upload = crypto.randomUUID() as string;

beforeAll(async () => {
  const launch = await unprivilegedLaunch(null);
  const folder = await mkdtemp(join(tmpdir(), 'palace-bad-days-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  if (launch.owner) await chown(folder, launch.owner.uid, launch.owner.gid);
  const database = opened.use(await testDatabase({ template: 'hrms' }));
  await fillDemo(database.url, { staff: 5, seed: 3 });
  const proxy = opened.use(await pausingProxy(database.url));
  const program = await startProgram(
    { database, folder, directUrl: proxy.url },
    { DATABASE_URL: proxy.url, METRICS_TOKEN },
    launch.prefix,
  );
  opened.defer(async () => void (await program.end('SIGKILL')));
  setup = { folder, database, proxy, program, owner: await signIn(program.url), other: await signIn(program.url) };
  await setup.owner.client.auth.stepUp.mutate({ password: DEMO_PASSWORD });
  for (const name of ['first.zip', 'second.zip', 'third.zip']) await backUp(name);
});
afterAll(() => opened.disposeAsync());

async function backUp(name: string): Promise<void> {
  const { client } = setup.owner;
  const started = await client.backups.create.mutate({ name, verify: false, wait: true });
  operation = started.data.operation.id;
  await client.wait(operation);
}

const question = (path: Action, input?: object): Call => ({
  path: `/trpc/${path}${input ? `?input=${encodeURIComponent(JSON.stringify(input))}` : ''}`,
});
const order = (path: Action, input?: object): Call => ({
  path: `/trpc/${path}`,
  method: 'POST',
  headers: JSON_TYPE,
  ...(input && { body: JSON.stringify(input) }),
});

/** Makes a call that is answered in pieces. */
const search = (path: Action): Call => ({
  path: `/trpc/${path}?batch=1`,
  method: 'POST',
  headers: { ...JSON_TYPE, 'trpc-accept': 'application/jsonl' },
  body: JSON.stringify({ 0: { id: 'first.zip', text: 'a' } }),
});

/** One call of everything there is, that may be made on any day. */
const CALLS: Record<Action, () => Call> = {
  'auth.signIn': () => order('auth.signIn', { email: SUPER_ADMIN, password: DEMO_PASSWORD }),
  'auth.breakGlass': () => order('auth.breakGlass', { code: 'no-such-code' }),
  'auth.me': () => question('auth.me'),
  'auth.sessions': () => question('auth.sessions'),
  'auth.endSession': () => order('auth.endSession', { id: '0'.repeat(32) }),
  'auth.stepUp': () => order('auth.stepUp', { password: DEMO_PASSWORD }),
  'backups.create': () => order('backups.create', { verify: false, wait: true }),
  'backups.list': () => question('backups.list', {}),
  'backups.get': () => question('backups.get', { id: 'first.zip' }),
  'backups.rows': () => question('backups.rows', { id: 'first.zip', table: 'admins' }),
  'backups.reveal': () => order('backups.reveal', { id: 'first.zip', table: 'admins', columns: ['email'] }),
  'backups.find': () => search('backups.find'),
  'backups.findPeople': () => search('backups.findPeople'),
  'backups.annotate': () => order('backups.annotate', { id: 'first.zip', note: 'kept' }),
  'backups.pin': () => order('backups.pin', { id: 'first.zip' }),
  'backups.unpin': () => order('backups.unpin', { id: 'first.zip' }),
  'backups.verify': () => order('backups.verify', { id: 'first.zip' }),
  'backups.remove': () => order('backups.remove', { id: 'no-such.zip' }),
  'backups.downloadLink': () => order('backups.downloadLink', { id: 'first.zip' }),
  'GET /api/backups/:id/download': () => ({ path: '/api/backups/first.zip/download?format=json' }),
  'restores.plan': () => order('restores.plan', { backup: 'first.zip', wait: true }),
  'restores.differences': () => question('restores.differences', { plan: operation, table: 'admins' }),
  'restores.revealDifferences': () =>
    order('restores.revealDifferences', { plan: operation, table: 'admins', columns: ['email'] }),
  'restores.start': () => order('restores.start', { from: { backup: 'first.zip' }, confirmDatabase: 'another' }),
  'operations.list': () => question('operations.list', {}),
  'operations.get': () => question('operations.get', { id: operation }),
  'operations.cancel': () => order('operations.cancel', { id: operation }),
  'operations.progress': () => question('operations.progress', { id: operation }),
  'uploads.list': () => question('uploads.list', {}),
  'uploads.get': () => question('uploads.get', { id: upload }),
  'uploads.accept': () => order('uploads.accept', { id: upload }),
  'uploads.remove': () => order('uploads.remove', { id: crypto.randomUUID() }),
  'PUT /api/uploads': () => ({ path: '/api/uploads?name=none.zip', method: 'PUT', body: 'this is no backup' }),
  '/api/uploads/tus': () => ({
    path: '/api/uploads/tus',
    method: 'POST',
    headers: { 'Tus-Resumable': '1.0.0', 'Upload-Length': '5' },
  }),
  'tokens.list': () => question('tokens.list'),
  'tokens.create': () => order('tokens.create', { name: 'nightly', scopes: ['backups:read'], expiresInDays: 1 }),
  'tokens.revoke': () => order('tokens.revoke', { id: crypto.randomUUID() }),
  'audit.list': () => question('audit.list', {}),
  'audit.verify': () => question('audit.verify'),
  'GET /api/audit.csv': () => ({ path: '/api/audit.csv' }),
  'system.status': () => question('system.status'),
  // Last, because the guest is nobody afterwards.
  'auth.signOut': () => order('auth.signOut'),
  'auth.signOutEverywhere': () => order('auth.signOutEverywhere'),
};
const ACTIONS = Object.keys(CALLS) as Action[];
const PUBLIC: Call[] = ['/', '/healthz', '/readyz', '/.well-known/jwks.json'].map((path) => ({ path }));
const METRICS: Call = { path: '/metrics', headers: { Authorization: `Bearer ${METRICS_TOKEN}` } };

/** Asks, and gives up when nobody answers. What anybody is told holds no path of the server's. */
async function ask({ path, ...init }: Call, who: Person = setup.owner) {
  const answer = await who.ask(path, { ...init, signal: AbortSignal.timeout(GIVEN_UP_MS) }).catch(() => null);
  if (answer === null) throw new Error(`nobody answered ${init.method ?? 'GET'} ${path}`);
  const { status } = answer;
  const isRead = (answer.headers.get('content-type') ?? '').startsWith('text/event-stream');
  const outcome = isRead || path === '/' || path.startsWith('/metrics') ? null : await outcomeOf(answer);
  const text = outcome?.text ?? (await answer.text());
  // The front page says it to this machine alone.
  if (path !== '/') expect([path, text.includes(setup.folder)]).toEqual([path, false]);
  return { path, status, code: outcome?.code ?? null, text };
}

/** Returns the code and text of an answer. A file is not read. */
async function outcomeOf(answer: Response) {
  return answer.headers.has('content-disposition')
    ? { code: null, text: await answer.text() }
    : await readOutcome(answer);
}

const familyOf = (code: string | null) => (code === null ? null : ERROR_FAMILIES[code as ErrorCode]);

/** Sends all at once, so that none profits from what another has found out. */
async function askAll(calls: Call[]) {
  const asked = await Promise.allSettled(calls.map((call) => ask(call)));
  expect(asked.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []))).toEqual([]);
  return asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

const everything = () => [
  ...ACTIONS.filter((action) => !action.startsWith('auth.signOut')).map((action) => CALLS[action]()),
  ...PUBLIC,
  METRICS,
];

test('there is a call of every procedure and route', () => {
  expect(Object.keys(CALLS).toSorted()).toEqual(Object.keys(RIGHTS).toSorted());
});

test('no answer of a good day holds a path of the server', async () => {
  const put = { path: '/api/uploads?accept=later&name=later.zip', method: 'PUT', body: 'received, and no more' };
  upload = JSON.parse((await ask(put)).text).data.uploadId;
  for (const action of ACTIONS) {
    const { status, text } = await ask(CALLS[action](), action.startsWith('auth.signOut') ? setup.other : setup.owner);
    expect([action, status < 500 ? '' : text]).toEqual([action, '']);
    if (action.startsWith('auth.signOut')) setup.owner = await signIn(setup.program.url);
  }
  await setup.owner.client.auth.stepUp.mutate({ password: DEMO_PASSWORD });
  for (const call of [...PUBLIC, METRICS]) expect((await ask(call)).status).toBe(200);
});

for (const [what, disconnect] of [
  ['refuses', () => setup.proxy.stop()],
  ['takes everything and never answers', async () => setup.proxy.pauseAfter(0)],
] as const)
  test(`while the database ${what}, all who need it are told so at once, and are served when it is back`, async () => {
    await disconnect();
    for (const { path, status, code } of await askAll(everything())) {
      // What is at hand needs no database: the page of this machine, the numbers, keys that are kept.
      if (['/', '/healthz', '/metrics', '/.well-known/jwks.json'].includes(path) && status === 200) continue;
      expect([path, status, familyOf(code)]).toEqual([path, 503, 'system']);
    }
    const again = await askAll([CALLS['auth.signIn'](), CALLS['backups.list'](), PUBLIC[2] ?? METRICS]);
    expect(again.map(({ code }) => code)).toEqual(Array(3).fill('DATABASE_UNREACHABLE'));
    setup.proxy.resume();
    await until('an answer', async () => (await ask(CALLS['auth.me']())).status === 200);
    expect((await ask(PUBLIC[2] ?? METRICS)).status).toBe(200);
    await backUp(`after-${what.split(' ', 1)}.zip`);
  });

test('a database that takes connections and lets nobody in leaves nobody without an answer', async () => {
  // A stream of events waits for the database to come back.
  const asked = () => everything().filter(({ path }) => !path.includes('operations.progress'));
  for (const bytes of [1, 100]) {
    setup.proxy.pauseAfter(bytes);
    for (const { path, status, text } of await askAll(asked()))
      expect([bytes, path, status === 500 ? text : '']).toEqual([bytes, path, '']);
    setup.proxy.resume();
    await until('an answer', async () => (await ask(CALLS['auth.me']())).status === 200);
  }
});

test('a file that may not be read is told by its name with what to do, and lists show the rest', async () => {
  const inFolder = (name: string) => join(setup.folder, 'backups', name);
  const put = { path: '/api/uploads?accept=later&name=closed.zip', method: 'PUT', body: 'nobody may read this' };
  upload = JSON.parse((await ask(put)).text).data.uploadId;
  await ask(CALLS['backups.annotate']());
  await ask({ ...CALLS['backups.annotate'](), body: JSON.stringify({ id: 'second.zip', note: 'to be hidden' }) });
  await ask(CALLS['backups.verify']());
  const closed = ['first.zip', 'second.zip.json', `.uploads/${upload}`];
  for (const name of closed) await chmod(inFolder(name), 0o000);
  try {
    const readable = async () => {
      const { items } = (await setup.owner.client.backups.list.query({})).data;
      const damaged = items.flatMap((item) => (item.damaged?.code === 'STORAGE_UNAVAILABLE' ? [item] : []));
      if (damaged.length !== 2) await Bun.sleep(200);
      return damaged.length === 2 && { items, damaged };
    };
    // What is listed is kept in memory, until the file is another one.
    for (const name of ['first.zip', 'second.zip']) await utimes(inFolder(name), new Date(), new Date());
    const { items, damaged } = await until('the closed files are told', readable);
    expect(items.map(({ fileName }) => fileName)).toContain('third.zip');
    for (const item of damaged) expect(item.damaged?.message).toMatch(/(first|second)\.zip.*EACCES.*right to read/s);

    for (const action of [
      'backups.rows',
      'backups.reveal',
      'GET /api/backups/:id/download',
      'restores.start',
    ] as const) {
      const { status, code, text } = await ask(CALLS[action]());
      expect([action, status, code, text.includes('first.zip')]).toEqual([action, 503, 'STORAGE_UNAVAILABLE', true]);
    }
    // The answer had begun when the file was opened.
    for (const action of ['backups.find', 'backups.findPeople'] as const)
      expect(await ask(CALLS[action]())).toMatchObject({ status: 200, code: 'STORAGE_UNAVAILABLE' });
    expect((await ask({ path: '/api/backups/first.zip/download' })).code).toBe('STORAGE_UNAVAILABLE');
    expect((await ask(order('backups.pin', { id: 'second.zip' }))).code).toBe('STORAGE_UNAVAILABLE');
    for (const begun of [CALLS['backups.verify'](), CALLS['uploads.accept']()]) {
      const started = JSON.parse((await ask(begun)).text);
      const { id } = (started.result.data.data ?? started.result.data).operation;
      await setup.owner.client.wait(id).catch(() => undefined);
      const ended = await ask(question('operations.get', { id }));
      expect(ended.text).toContain('STORAGE_UNAVAILABLE');
    }
    for (const { path, status, text } of await askAll(everything()))
      expect([path, status === 500 ? text : '']).toEqual([path, '']);
  } finally {
    for (const name of closed) await chmod(inFolder(name), 0o600).catch(() => undefined);
  }
});

test('while the folder of the backups is gone, nobody is told where it was', async () => {
  const folder = join(setup.folder, 'backups');
  await rename(folder, `${folder}-aside`);
  try {
    const answers = await askAll(everything());
    for (const { path, status, text } of answers) expect([path, status === 500 ? text : '']).toEqual([path, '']);
    // Lists may still stand in memory; what opens a file or begins one does not.
    expect(answers.filter(({ code }) => code === 'STORAGE_LOST').length).toBeGreaterThanOrEqual(5);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rename(`${folder}-aside`, folder);
  }
});

test('whatever happened, each line it said is one of its log', async () => {
  const { port } = new URL(setup.program.url);
  const cookie = setup.owner.cookie;
  const malformed = [
    'nonsense\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'GET /trpc/%ff?input=%00 HTTP/1.1\r\nHost: \r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    `POST /trpc/auth.signIn HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{"half`,
    `PUT /api/uploads HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nOrigin: http://127.0.0.1:${port}\r\nCookie: ${cookie}\r\nContent-Length: 100000\r\n\r\nPK`,
    `GET /api/backups/first.zip/download HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: ${cookie}\r\n\r\n`,
    `GET /trpc/operations.progress?input=%7B%22id%22%3A%22${operation}%22%7D HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\nCookie: ${cookie}\r\n\r\n`,
  ];
  for (const bytes of malformed)
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes));
      socket.on('error', () => resolve());
      socket.on('close', () => resolve());
      setTimeout(() => socket.destroy(), 100);
    });
  expect((await ask({ path: '/healthz' })).status).toBe(200);
  const going = ask(CALLS['backups.create']()).catch(() => undefined);
  await setup.proxy.stop();
  await going;
  expect(await setup.program.end('SIGTERM')).toBe(0);
  const [greeting, ...said] = setup.program.lines.filter((line) => !line.startsWith('{'));
  expect([greeting, said]).toEqual([expect.stringContaining('answers at'), []]);
  for (const line of [...setup.program.errors, ...setup.program.lines.filter((one) => one !== greeting)])
    expect(JSON.parse(line)).toMatchObject({ level: expect.anything(), time: expect.anything() });
  expect(setup.program.errors).toEqual([]);
});
