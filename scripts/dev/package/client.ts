import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import manifest from '../../../package.json' with { type: 'json' };

const ROOT = join(import.meta.dir, '../../..');
const SOURCE = 'server/client/client.ts';

/** Everything a service needs beside the client: its runtime dependencies, and the types that describe the API. */
const PACKAGES = ['@trpc/client', '@trpc/server', 'tus-js-client'] as const;

export interface ClientPackage {
  /** The package's files, relative to its folder. */
  files: string[];
}

/**
 * Packages the typed client in `folder`, which is emptied first: one module for browsers, Bun and Node, declarations, and a manifest. The
 * manifest depends on the client's packages, not the server's. Throws when the client or a declaration imports anything else.
 */
export async function buildClient(folder: string): Promise<ClientPackage> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await bundle(folder);
  const declarations = await declare(folder);
  await Bun.write(join(folder, 'package.json'), `${JSON.stringify(clientManifest(), null, 2)}\n`);
  await cp(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  return { files: ['LICENSE', 'client.js', 'package.json', ...declarations].sort() };
}

async function bundle(folder: string): Promise<void> {
  const built = await Bun.build({
    entrypoints: [join(ROOT, SOURCE)],
    outdir: folder,
    target: 'browser',
    format: 'esm',
    packages: 'external',
    throw: false,
  });
  if (!built.success) throw new Error(built.logs.map(String).join('\n'));
  const code = await Bun.file(join(folder, 'client.js')).text();
  const imports = new Bun.Transpiler({ loader: 'js' }).scanImports(code);
  for (const { path } of imports) refuseUndeclared('client.js', path);
}

/** Writes only the declarations that `client.ts` reaches, laid out as their sources are; the compiler emits more on the way. */
async function declare(folder: string): Promise<string[]> {
  const emitted = await mkdtemp(join(tmpdir(), 'palace-declarations-'));
  try {
    await emit(emitted);
    const entry = SOURCE.replace(/\.ts$/, '.d.ts');
    const reached = new Set([entry]);
    for (const file of reached) {
      const text = await Bun.file(join(emitted, file)).text();
      for (const path of importsOf(text)) {
        if (path.startsWith('.')) reached.add(join(dirname(file), path).replace(/\.ts$/, '.d.ts'));
        else refuseUndeclared(file, path);
      }
      // In a package, declarations import each other as the modules that would be beside them.
      const told = text.replaceAll(/(['"])(\.{1,2}\/[^'"]+)\.ts\1/g, '$1$2.js$1');
      await Bun.write(join(folder, 'types', file), told);
    }
    return [...reached].map((file) => join('types', file));
  } finally {
    await rm(emitted, { recursive: true, force: true });
  }
}

async function emit(outDir: string): Promise<void> {
  const compiler = join(ROOT, 'node_modules/typescript7/bin/tsc');
  const config = join(outDir, 'tsconfig.json');
  const compilerOptions = { noEmit: false, declaration: true, emitDeclarationOnly: true, outDir, rootDir: ROOT };
  const types = { typeRoots: [join(ROOT, 'node_modules/@types')] };
  await Bun.write(
    config,
    JSON.stringify({
      extends: relative(outDir, join(ROOT, 'tsconfig.json')),
      compilerOptions: { ...compilerOptions, ...types },
      include: [],
      files: [join(ROOT, SOURCE)],
    }),
  );
  const child = Bun.spawn([process.execPath, compiler, '--project', config], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`The compiler made no declarations of ${SOURCE}:\n${said}`);
}

/** Returns the modules a declaration file names in `import … from '…'` and `import('…')`. */
function importsOf(declaration: string): string[] {
  return [...declaration.matchAll(/(?:\bfrom|\bimport\()\s*(['"])([^'"]+)\1/g)].map(([, , path = '']) => path);
}

function refuseUndeclared(file: string, path: string): void {
  if (PACKAGES.some((name) => path === name || path.startsWith(`${name}/`))) return;
  throw new Error(`${file} of the client's package imports ${path}: only ${PACKAGES.join(', ')} may be needed.`);
}

function clientManifest() {
  const { name, version, description, license } = manifest;
  return {
    name,
    version,
    description: `${description}: the client of its server`,
    license,
    type: 'module',
    sideEffects: false,
    exports: {
      './client': { types: `./types/${SOURCE.replace(/\.ts$/, '.d.ts')}`, default: './client.js' },
      './package.json': './package.json',
    },
    dependencies: Object.fromEntries(PACKAGES.map((wanted) => [wanted, `^${manifest.dependencies[wanted]}`])),
    peerDependencies: { eventsource: '>=3' },
    peerDependenciesMeta: { eventsource: { optional: true } },
    engines: { bun: manifest.engines.bun, node: '>=22' },
  };
}
