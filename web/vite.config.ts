import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';
import solid from 'vite-plugin-solid';

/** Browsers of the last two years: those that know `light-dark()`. */
const TARGET = ['chrome123', 'firefox120', 'safari17.5'];
/** Where `bun run dev:web` finds the server. */
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
    // Styles and scripts are files of their own: the policy allows nothing inline, not even as `data:`.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    manifest: true,
  },
});
