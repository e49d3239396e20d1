import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';
import solid from 'vite-plugin-solid';

/** Browsers of the last two years: those that know `light-dark()`. */
const TARGET = ['chrome123', 'firefox120', 'safari17.5'];
/** The server's address for `bun run dev:web`. */
const SERVER = 'http://127.0.0.1:3000';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [solid(), tailwindcss()],
  server: { proxy: { '/trpc': SERVER, '/api': SERVER } },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: TARGET,
    cssTarget: TARGET,
    // Styles and scripts are separate files: the policy allows nothing inline, not even as `data:`.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    manifest: true,
  },
});
