import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPanel, FIRST_LOAD_LIMIT, panelSizes } from '../start/build-panel.ts';
import { buildClient } from './package/client.ts';

/**
 * Builds the panel, and proves that every program bundles with all its imports. Keeps nothing of the programs; the client's package stays
 * in `dist/client`.
 */
const panel = await buildPanel();
console.log(panelSizes(panel));
if (panel.firstLoadBytes > FIRST_LOAD_LIMIT) process.exit(1);

const root = join(import.meta.dir, '../..');
const programs = [...new Bun.Glob('scripts/*.ts').scanSync(root)].filter(
  (file) => !/\.(test|fixture|suite)\.ts$/.test(file),
);
const outdir = await mkdtemp(join(tmpdir(), 'palace-build-'));
try {
  const built = await Bun.build({
    root,
    entrypoints: ['server/main.ts', ...programs].map((file) => join(root, file)),
    outdir,
    target: 'bun',
    // Found at run time: by platform, and where the panel is built.
    external: ['pg-native', 'vite'],
    throw: false,
  });
  for (const log of built.logs) console.error(String(log));
  if (!built.success) process.exit(1);
  const bytes = built.outputs.reduce((sum, output) => sum + output.size, 0);
  console.log(`${programs.length + 1} programs bundle, ${(bytes / 1024 ** 2).toFixed(1)} MiB together.`);
  const { files } = await buildClient(join(root, 'dist/client'));
  console.log(`The client's package is in dist/client: ${files.length} files.`);
} finally {
  await rm(outdir, { recursive: true, force: true });
}
