import { TextReader, Uint8ArrayWriter, ZipWriter, type ZipWriterAddDataOptions } from '@zip.js/zip.js';

/** Returns a ZIP as the HRMS's old tool wrote it: data descriptors, deflate 9, the document last. */
export async function oldZip(
  document: string,
  others: Record<string, string> = {},
  options: ZipWriterAddDataOptions = {},
): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
  const entries = {
    'metadata.json': '{"version":"1.0.0"}',
    'README.txt': 'How to restore.',
    ...others,
    'backup_2026-11-23T09-08-04_1f2e3d4c.json': document,
  };
  for (const [name, text] of Object.entries(entries))
    await writer.add(name, new TextReader(text), { level: 9, dataDescriptor: true, ...options });
  return await writer.close();
}
