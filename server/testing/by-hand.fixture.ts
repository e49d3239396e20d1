/** Returns the messages of `psql` for these files, called as in the README; empty when all succeeded. */
export async function psql(database: { url: string }, cwd: string, ...files: string[]): Promise<string> {
  for (const file of files) {
    const run = await Bun.$`psql -X -q -v ON_ERROR_STOP=1 -f ${file} ${database.url}`.cwd(cwd).quiet().nothrow();
    if (run.exitCode !== 0 || run.stderr.length > 0) return `${file}: ${run.exitCode} ${run.stderr}`;
  }
  return '';
}

/** Commands that unpack `backup.zip` into `out`, by program. */
export const UNPACKERS = {
  deflate: {
    unzip: ['unzip', '-q', 'backup.zip', '-d', 'out'],
    python3: [
      'python3',
      '-c',
      "import zipfile; z = zipfile.ZipFile('backup.zip'); assert z.testzip() is None; z.extractall('out')",
    ],
    bsdtar: ['sh', '-c', 'mkdir out && bsdtar -xf backup.zip -C out'],
  },
  zstd: { bsdtar: ['sh', '-c', 'mkdir out && bsdtar -xf backup.zip -C out'] },
};
