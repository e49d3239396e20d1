import { z } from 'zod';

/** A place of an input that takes text, and the smallest input with a given text there. */
export interface TextField {
  path: (string | number)[];
  around(text: string): unknown;
}

/**
 * Returns every place of an input's schema that takes text, however deep. Throws for an unknown kind of schema, so that
 * none is skipped.
 */
export function textFields(schema: unknown): TextField[] {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodExactOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  )
    return textFields(schema.unwrap());
  if (schema instanceof z.ZodPipe) return textFields(schema.def.in);
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.shape).flatMap(([word, inner]) =>
      textFields(inner).map(({ path, around }) => ({
        path: [word, ...path],
        around: (text) => ({ [word]: around(text) }),
      })),
    );
  if (schema instanceof z.ZodArray)
    return textFields(schema.element).map(({ path, around }) => ({
      path: [0, ...path],
      around: (text) => [around(text)],
    }));
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(textFields);
  if (schema instanceof z.ZodString || schema instanceof z.ZodStringFormat || schema instanceof z.ZodEnum)
    return [{ path: [], around: (text) => text }];
  if (schema instanceof z.ZodNumber || schema instanceof z.ZodBoolean) return [];
  throw new TypeError(
    `a kind of schema nobody said what to do with: ${JSON.stringify(z.toJSONSchema(schema as z.ZodType))}`,
  );
}
