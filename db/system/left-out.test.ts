import { expect, test } from 'bun:test';
import * as hrms from '../hrms/schema.ts';
import { modelFromSchema } from '../model/drizzle-model.ts';
import { leftOutRule } from './left-out.ts';

const model = modelFromSchema(hrms);

test('leftOutRule() says why our own schemas, staging and journals are left out, and of no other table', () => {
  const left = (schema: string, name: string) => leftOutRule({ schema, name });
  for (const [schema, name] of [
    ['public', '_prisma_migrations'],
    ['drizzle', '__drizzle_migrations'],
    ['public', '__drizzle_migrations'],
    ['restore_01900190019001900190019001900190', 'staff'],
  ] as const)
    expect(left(schema, name)).toEqual({ ...left(schema, name), reason: expect.stringMatching(/./), always: false });
  for (const schema of ['backup_system', 'backup_queue'])
    expect(left(schema, 'any')).toEqual({ ...left(schema, 'any'), reason: expect.stringMatching(/./), always: true });
  for (const table of [
    ...model.tables,
    { schema: 'public', name: 'leave_requests' },
    { schema: 'public.staff', name: 'x' },
    { schema: 'restore_points', name: 'staff' },
    { schema: 'restore_0190', name: 'staff' },
  ])
    expect(leftOutRule(table)).toBeNull();
});
