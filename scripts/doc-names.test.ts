import { expect, test } from 'bun:test';
import { Glob } from 'bun';

const PAGES = ['README.md', 'DESIGN.md', ...new Glob('docs/*.md').scanSync('.')];
/** Folders that pages name files from: the project's root, or the folder a page is about. */
const ROOTS = ['', 'server/', 'db/', 'web/', 'scripts/', 'web/e2e/', 'server/restore/'];

test('every source file that a page names is there', async () => {
  expect(PAGES.length).toBeGreaterThan(5);
  const missing: string[] = [];
  for (const page of PAGES) {
    const text = await Bun.file(page).text();
    for (const [, name = ''] of text.matchAll(/`([\w./*-]+\.tsx?)`/g)) {
      const found = ROOTS.some((root) => [...new Glob(`${root}${name}`).scanSync('.')].length > 0);
      if (!found) missing.push(`${page}: ${name}`);
    }
  }
  expect(missing).toEqual([]);
});

test('every page of docs/ is linked from README.md or DESIGN.md, every link leads somewhere, and DESIGN.md is read in ten minutes', async () => {
  const [design, readme] = await Promise.all([Bun.file('DESIGN.md').text(), Bun.file('README.md').text()]);
  for (const page of PAGES.filter((name) => name.startsWith('docs/')))
    expect(`${design}${readme}`).toContain(`](${page})`);
  for (const page of PAGES) {
    const folder = page.startsWith('docs/') ? 'docs/' : '';
    const text = await Bun.file(page).text();
    for (const [, target = ''] of text.matchAll(/\]\(([\w./-]+)(?:#[\w-]+)?\)/g))
      expect([page, target, await Bun.file(`${folder}${target}`).exists()]).toEqual([page, target, true]);
  }
  expect(design.split(/\s+/).length).toBeLessThanOrEqual(1500);
});
