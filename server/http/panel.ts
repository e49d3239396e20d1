import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Handler, Hono } from 'hono';
import type { AppEnv } from './env.ts';

/** The built panel in memory: some hundred kilobytes, read once. */
export interface Panel {
  /** By path, such as `/assets/main-Ab12.js`; without the page itself. */
  files: ReadonlyMap<string, PanelFile>;
  page: PanelFile;
}

export interface PanelFile {
  type: string;
  bytes: Uint8Array<ArrayBuffer>;
  /** Null where compressing gains nothing. */
  gzip: Uint8Array<ArrayBuffer> | null;
  /** True when its name changes with its content. */
  hashed: boolean;
}

/**
 * Policy of the panel: it may load and run its own files and call its own server, nothing inline and nothing from
 * elsewhere.
 */
export const PANEL_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = 'index.html';
const LEAST_TO_COMPRESS = 1024;
/** File names with a hash of Vite: eight characters before the extension, in its own folder. */
const HASHED = /^\/assets\/.+-[\w-]{8}\.\w+$/;
const COMPRESSIBLE = /^(text\/|application\/json|image\/svg)/;

/** Reads the output of `bun run build`; returns null when the folder has no page. */
export async function readPanel(folder: string): Promise<Panel | null> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = new Map<string, PanelFile>();
  for (const entry of names) {
    const full = join(entry.parentPath, entry.name);
    const path = full.slice(folder.length).replaceAll('\\', '/');
    // Names beginning with a dot are internal to the build.
    if (entry.isFile() && !path.includes('/.')) files.set(path, await readOne(full, path));
  }
  const page = files.get(`/${PAGE}`);
  if (!page) return null;
  files.delete(`/${PAGE}`);
  return { files, page };
}

/**
 * Creates the panel's routes: its files, and the page for every path a browser navigates to. Missing files, programs
 * that do not accept HTML, and the paths of machines are left to the next handler.
 */
export function panelRoutes({ files, page }: Panel): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const answer: Handler<AppEnv> = async (c, next) => {
    const file = files.get(c.req.path);
    if (file) return fileResponse(file, c.req.raw, file.hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    const wantsPage = c.req.path === '/' || (c.req.header('accept') ?? '').includes('text/html');
    if (wantsPage && isPagePath(c.req.path)) return fileResponse(page, c.req.raw, 'no-store');
    await next();
  };
  app.get('*', answer);
  return app;
}

/** First parts of paths that are never a page, nor are names that begin with a dot. */
const NO_PAGES = new Set(['api', 'trpc', 'healthz', 'readyz', 'metrics', 'assets']);

function isPagePath(path: string): boolean {
  const [first = ''] = path.slice(1).split('/', 1);
  return !NO_PAGES.has(first) && !first.startsWith('.');
}

function fileResponse(file: PanelFile, request: Request, cacheControl: string): Response {
  const zipped = file.gzip !== null && /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '');
  const body = zipped && file.gzip ? file.gzip : file.bytes;
  const headers = new Headers({
    'Content-Type': file.type,
    'Content-Length': String(body.length),
    'Cache-Control': cacheControl,
    'Content-Security-Policy': PANEL_POLICY,
    ...(file.gzip && { Vary: 'Accept-Encoding' }),
    ...(zipped && { 'Content-Encoding': 'gzip' }),
  });
  return new Response(request.method === 'HEAD' ? null : body, { headers });
}

async function readOne(full: string, path: string): Promise<PanelFile> {
  const file = Bun.file(full);
  const bytes = await file.bytes();
  const compressible = bytes.length >= LEAST_TO_COMPRESS && COMPRESSIBLE.test(file.type);
  return { type: file.type, bytes, gzip: compressible ? Bun.gzipSync(bytes) : null, hashed: HASHED.test(path) };
}
