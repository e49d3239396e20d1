import { z } from 'zod';
import type { ApiParts } from './parts.ts';
import { createRouter } from './router.ts';
import { type TextField, textFields } from './strings.fixture.ts';

export interface ProcedureFacts {
  path: string;
  type: 'query' | 'mutation' | 'subscription';
  /** Members of its input. */
  words: string[];
  /** Every place of its input that takes text. */
  texts: TextField[];
}

interface ProcedureDefinition {
  type: ProcedureFacts['type'];
  inputs: unknown[];
}

/** Returns every procedure, as the router itself lists them. */
export function proceduresOf(parts: ApiParts): ProcedureFacts[] {
  const all: Record<string, unknown> = createRouter(parts)._def.procedures;
  return Object.entries(all).map(([path, procedure]) => {
    if (typeof procedure !== 'function' || !('_def' in procedure)) throw new TypeError(`${path} is no procedure`);
    const { type, inputs } = procedure._def as ProcedureDefinition;
    const words = inputs.flatMap((input) => {
      let whole = input;
      while (whole instanceof z.ZodOptional || whole instanceof z.ZodDefault || whole instanceof z.ZodPrefault)
        whole = whole.unwrap();
      if (!(whole instanceof z.ZodObject)) throw new TypeError(`the input of ${path} is no object`);
      return Object.keys(whole.shape);
    });
    return { path, type, words, texts: inputs.flatMap(textFields) };
  });
}
