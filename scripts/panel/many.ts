import { link, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Makes so many stored backups of one: each a name of its own for the same bytes, with notes of its own beside it. */
export async function multiply(folder: string, name: string, count: number): Promise<void> {
  const sidecar: unknown = JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8'));
  for (let number = 1; number <= count; number++) {
    const copy = `copy-${String(number).padStart(5, '0')}.zip`;
    await link(join(folder, name), join(folder, copy));
    const own = { ...Object(sidecar), note: number % 100 === 0 ? `Number ${number}` : null, pinned: number % 50 === 0 };
    await writeFile(join(folder, `${copy}.json`), JSON.stringify(own));
  }
}
