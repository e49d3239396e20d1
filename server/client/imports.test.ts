import { expect, test } from 'bun:test';
import { Glob } from 'bun';

test('the client brings no code of the server along: what it takes from there are types alone', async () => {
  const transpiler = new Bun.Transpiler({ loader: 'ts' });
  const files = [...new Glob('*.ts').scanSync(import.meta.dir)].filter((name) => !/[.](test|fixture)[.]ts$/.test(name));
  expect(files).toContain('client.ts');
  for (const file of files) {
    const imports = transpiler.scanImports(await Bun.file(`${import.meta.dir}/${file}`).text()).map(({ path }) => path);
    const ofServer = imports.filter((path) => path.startsWith('.') && !path.startsWith('./'));
    expect([file, ofServer]).toEqual([file, []]);
  }
});
