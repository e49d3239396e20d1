import type {
  TRPCBuiltRouter,
  TRPCMutationProcedure,
  TRPCQueryProcedure,
  TRPCSubscriptionProcedure,
} from '@trpc/server';
import type { createRouter } from '../api/router.ts';
import type { FailureBody } from '../core/errors.ts';

/** tRPC's form of a failure; ours is under `backup`. */
interface ErrorShape {
  message: string;
  code: number;
  data: { code: string; httpStatus: number; backup: FailureBody };
}

interface Root {
  ctx: object;
  meta: object;
  errorShape: ErrorShape;
  transformer: false;
}

declare const make: typeof createRouter;

/** Keeps of every procedure its input and output, and none of its internals. */
declare function seenFromOutside<Nouns>(router: (parts: never) => { _def: { record: Nouns } }): TRPCBuiltRouter<
  Root,
  {
    [Noun in keyof Nouns]: {
      [Verb in keyof Nouns[Noun]]: Nouns[Noun][Verb] extends TRPCQueryProcedure<infer Def>
        ? TRPCQueryProcedure<{ input: Def['input']; output: Def['output']; meta: object; errorShape: ErrorShape }>
        : Nouns[Noun][Verb] extends TRPCMutationProcedure<infer Def>
          ? TRPCMutationProcedure<{ input: Def['input']; output: Def['output']; meta: object; errorShape: ErrorShape }>
          : Nouns[Noun][Verb] extends TRPCSubscriptionProcedure<infer Def>
            ? TRPCSubscriptionProcedure<{
                input: Def['input'];
                output: Def['output'];
                meta: object;
                errorShape: ErrorShape;
              }>
            : never;
    };
  }
>;

/**
 * Exists for its return type and is never called: in a declaration file the compiler spells out the return type of a
 * function, but not an alias.
 */
function api() {
  return seenFromOutside(make);
}

/**
 * The whole API as a type, from which clients infer inputs and outputs. Its declaration needs no package but
 * `@trpc/server`.
 */
export type AppRouter = ReturnType<typeof api>;
