import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { attachment } from './disposition.ts';

test('attachment() names plain files plainly, and others exactly beside a plain form', () => {
  expect(attachment('backup_1.zip')).toBe('attachment; filename="backup_1.zip"');
  expect(attachment('a "b" é.zip')).toBe(
    `attachment; filename="a _b_ _.zip"; filename*=UTF-8''a%20%22b%22%20%C3%A9.zip`,
  );
});

test('attachment() lets no name end the header, and gives the exact name back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const header = attachment(name);
      expect(header).toMatch(/^attachment; filename="[ !#-[\]-~]*"(; filename\*=UTF-8''[A-Za-z0-9%._~!-]*)?$/);
      const exact = /filename\*=UTF-8''(.*)$/.exec(header)?.[1];
      expect(exact === undefined ? /filename="(.*)"/.exec(header)?.[1] : decodeURIComponent(exact)).toBe(
        name.toWellFormed(),
      );
      new Headers({ 'Content-Disposition': header });
    }),
  );
});
