/**
 * The arrows of DESIGN.md: who may import whom. Test files keep the same arrows, but may use what tests need from anywhere in `db/`.
 */
const tests = '[.](test|suite|fixture)[.]tsx?$|^db/testing/|^server/testing/';
/** The foundation of all layers, of which it knows none. */
const core = '^server/core/';

const rule = (name, comment, from, to) => ({ name, severity: 'error', comment, from, to });
const layer = (name, from, mayUse) =>
  rule(
    `${name}-arrows`,
    `${name} may import only: ${mayUse.join(', ')}`,
    { path: from, pathNot: tests },
    { path: '^(server|scripts|web)/', pathNot: [core, from, ...mayUse] },
  );

module.exports = {
  forbidden: [
    rule('no-cycles', 'A ring of imports has no beginning to read from.', {}, { circular: true }),
    rule('not-found', 'What is imported must be there.', {}, { couldNotResolve: true, pathNot: '^bun:' }),
    rule(
      'no-orphans',
      'A file nobody uses is left over.',
      {
        orphan: true,
        pathNot: ['[.]d[.]ts$', '(^|/)[.]', '^scripts/((dev|start)/)?[^/]+[.]ts$', '^web/(vite[.]config[.]ts|public/)'],
      },
      {},
    ),
    rule(
      'no-tests-in-production',
      'Only tests use what is made for tests.',
      { pathNot: [tests, '^scripts/dev/(test|breakages/sandbox)[.]ts$'] },
      { path: tests },
    ),
    rule(
      'db-below-server',
      'db imports nothing of the server but its core.',
      { path: '^db/', pathNot: tests },
      { path: '^(server|scripts|web)/', pathNot: core },
    ),
    rule(
      'engine-knows-no-hrms',
      'The HRMS is one application: what knows it is composed, never built in.',
      { path: '^(db|server)/', pathNot: [tests, '^db/hrms/', '^server/(process|security|api)/'] },
      { path: '^db/hrms/' },
    ),
    rule(
      'core-stands-alone',
      'The core uses nothing of ours.',
      { path: core, pathNot: tests },
      { path: '^(db|server|scripts|web)/', pathNot: core },
    ),
    layer('archive', '^server/archive/', []),
    layer('document', '^server/document/', ['^server/archive/']),
    layer('storage', '^server/storage/', []),
    layer('postgres', '^server/postgres/', []),
    layer('backup', '^server/backup/', ['^server/(archive|document|storage|postgres)/']),
    layer('restore', '^server/restore/', ['^server/(archive|storage|postgres)/']),
    layer('library', '^server/library/', ['^server/(backup|archive|document|storage|postgres)/']),
    layer('jobs', '^server/jobs/', ['^server/(library|backup|restore|archive|document|storage|postgres)/']),
    layer('security', '^server/security/', []),
    layer('http', '^server/http/', ['^server/security/(caller|rate-key)[.]ts$']),
    layer('api', '^server/api/', [
      '^server/http/status[.]ts$',
      '^server/(jobs|library|security|backup|restore|archive|document|storage|postgres)/',
    ]),
    layer('files', '^server/files/', [
      '^server/http/status[.]ts$',
      '^server/(api|jobs|library|security|backup|restore|archive|document|storage|postgres)/',
    ]),
    layer('client', '^server/client/', ['^server/api/']),
    rule(
      'app-is-given-its-parts',
      'The app is made of ready parts: it opens no database, storage or archive.',
      { path: '^server/process/app[.]ts$' },
      {
        path: '^(db|server/(backup|restore|library|archive|document|postgres|storage)|scripts)/',
        dependencyTypesNot: ['type-only'],
      },
    ),
    rule(
      'nobody-imports-a-root',
      'A root chooses and starts; nothing hangs on it but the start script.',
      { pathNot: ['^scripts/', tests] },
      {
        path: '^(server/main[.]ts|scripts/)',
      },
    ),
    rule(
      'web-knows-types-only',
      'The panel knows the server by its types alone, and never the database.',
      { path: '^web/', pathNot: tests },
      {
        path: '^(server|db|scripts)/',
        pathNot: '^server/(api|client)/',
      },
    ),
    rule(
      'web-imports-api-types',
      'What the panel takes from the server vanishes when it is built, but for how the typed client reads failures and sends files.',
      { path: '^web/', pathNot: tests },
      {
        path: '^server/(api|client)/',
        pathNot: '^server/client/(failure-body|tus-rules)[.]ts$',
        dependencyTypesNot: ['type-only'],
      },
    ),
    rule(
      'archive-storage-without-database',
      'Archives and storage know no database, only the shape of a table, how names are quoted and read, what a session must say of itself, and in which encoding rows go.',
      { path: '^server/(archive|storage)/', pathNot: tests },
      {
        path: '^db/',
        pathNot: '^db/(connect/(copy-encoding|session-settings)|model/(model|quote|type-reference))[.]ts$',
      },
    ),
    rule(
      'no-undeclared-packages',
      'A package that is used is declared.',
      { pathNot: tests },
      {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown'],
      },
    ),
    rule(
      'no-dev-packages-in-production',
      'A server installed without development packages must run.',
      { path: '^(db|server)/', pathNot: [tests, '[.]config[.]ts$'] },
      {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
      },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // A project of its own.
    exclude: { path: '^scripts/dev/package/fixtures/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    builtInModules: { add: ['bun', 'bun:test', 'bun:sqlite', 'bun:ffi'] },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.jsx', '.js', '.mjs', '.cjs', '.json'],
      conditionNames: ['import', 'types', 'browser', 'default'],
      exportsFields: ['exports'],
    },
  },
};
