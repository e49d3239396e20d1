import { expect, test } from 'bun:test';
import { BlobWriter, TextReader, ZipWriter } from '@zip.js/zip.js';
import fc from 'fast-check';
import { sampleArchive } from '../../../server/archive/sample.fixture.ts';
import { endOfZip, firstEntry, lastEntry } from './peek-zip.ts';

const NAME = 'manifest.json';

async function zip(entries: [name: string, text: string][], options: { level?: number; zip64?: boolean } = {}) {
  const writer = new ZipWriter(new BlobWriter(), options);
  for (const [name, text] of entries) await writer.add(name, new TextReader(text));
  return writer.close();
}

/** Returns the manifest, and the number of bytes read for it. */
async function manifestIn(file: Blob): Promise<{ text: string | null; read: number }> {
  let read = 0;
  const own = file.slice.bind(file);
  file.slice = (from = 0, to = file.size) => {
    read += to - from;
    return own(from, to);
  };
  const end = await endOfZip(file);
  const bytes = end && (await lastEntry(file, end, NAME));
  return { text: bytes && new TextDecoder().decode(bytes), read };
}

test('the manifest of an archive is read from its tail, whatever stands before it', async () => {
  const { bytes, manifest } = await sampleArchive();
  const { text } = await manifestIn(new Blob([new Uint8Array(bytes)]));
  expect(JSON.parse(text ?? '')).toEqual(JSON.parse(JSON.stringify(manifest)));

  const filler: [string, string] = ['data/1.csv', 'x'.repeat(3_000_000)];
  const large = await zip([filler, [NAME, '{"a":1}'], ['manifest.sig', 'abc']], { level: 0 });
  const found = await manifestIn(large);
  expect(found.text).toBe('{"a":1}');
  expect(found.read).toBeLessThan(500_000);
});

test('a manifest longer than the first look, of a ZIP in its large form or compressed, is found whole', async () => {
  const long = JSON.stringify({ entries: 'é'.repeat(700_000) });
  for (const options of [{ level: 0 }, { level: 0, zip64: true }, { level: 6 }]) {
    const { text } = await manifestIn(
      await zip(
        [
          ['README.txt', 'x'],
          [NAME, long],
        ],
        options,
      ),
    );
    expect(text === long).toBe(true);
  }
});

test('the last entry of the name counts, and none is found where none is', async () => {
  const entry = fc.tuple(fc.constantFrom('a.txt', 'b/manifest.json.bak', 'c.json'), fc.string({ maxLength: 50 }));
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 4 }), fc.option(fc.string()), async (entries, text) => {
      const unlike = entries.map(([name, content], at): [string, string] => [`${at}/${name}`, content]);
      const file = await zip(text === null ? unlike : [...unlike, [NAME, text]]);
      expect((await manifestIn(file)).text).toBe(text);
    }),
    { numRuns: 40 },
  );
});

test('a ZIP of which bytes are missing, at its beginning, in it or at its end, has no end', async () => {
  const whole = await zip([
    ['a.txt', 'some text'],
    [NAME, '{}'],
  ]);
  expect(await endOfZip(whole)).toMatchObject({ entries: 2 });
  expect(await endOfZip(whole.slice(1))).toBeNull();
  expect(await endOfZip(whole.slice(0, -1))).toBeNull();
  expect(await endOfZip(new Blob([whole.slice(0, 30), whole.slice(31)]))).toBeNull();
});

test('the first entry is unpacked as far as it is asked for, and only when its name fits', async () => {
  const text = '{"rows":1}'.repeat(200_000);
  for (const level of [0, 6]) {
    const file = await zip(
      [
        ['backup.json', text],
        ['b.txt', 'b'],
      ],
      { level },
    );
    const stream = await firstEntry(file, /\.json$/);
    expect(await new Response(stream).text()).toBe(text);
    expect(await firstEntry(file, /\.csv$/)).toBeNull();
  }
});
