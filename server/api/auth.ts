import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import { SCOPES, sessionOnly } from '../security/caller.ts';
import type { SessionCaller } from '../security/sessions/session-caller.ts';
import type { ApiContext } from './context.ts';
import type { ApiParts } from './parts.ts';
import { answer, plainText } from './schemas.ts';
import { sessionOf, type Trpc } from './trpc.ts';

/** A password. NUL is refused because hashing would end there, half characters because they would all hash alike. */
const password = z
  .string()
  .min(1)
  .max(1024)
  .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be text');

const person = z.object({
  kind: z.enum(['session', 'token']),
  /** The caller's name in records. */
  actor: z.string(),
  email: z.string(),
  fullName: z.string().nullable(),
  role: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  stepUpUntil: z.date().nullable(),
});

const signedIn = answer(
  z.object({
    who: person,
    expiresAt: z.date(),
    /** Short-lived, for `Authorization: Bearer`; null unless requested. */
    accessToken: z.object({ token: z.string(), expiresAt: z.date() }).nullable(),
  }),
);

type AuthParts = Pick<ApiParts, 'sessions' | 'tokens'>;

/** Signs callers in and out, and lists and ends their sessions. */
export function authRouter({ router, procedure, ok }: Trpc, { sessions, tokens }: AuthParts) {
  return router({
    signIn: procedure
      .input(
        z.strictObject({
          email: plainText(320).min(1),
          password,
          /** `cookie`: for a browser. `token`: for a service; no cookie is set. */
          as: z.enum(['cookie', 'token']).default('cookie'),
        }),
      )
      .output(signedIn)
      .mutation(async ({ ctx, input }) => {
        // A password typed into the wrong field must not get into the audit.
        ctx.note.target = /^[^\s@]+@[^\s@]+$/.test(input.email) ? input.email : 'not an e-mail address';
        const { sessionId, expiresAt, caller } = await sessions.signIn({
          email: input.email,
          password: input.password,
          address: ctx.caller.address,
          userAgent: ctx.userAgent,
        });
        ctx.note.actor = caller.actor;
        const accessToken = input.as === 'token' ? await tokens.issueAccess(caller) : null;
        if (input.as === 'cookie') ctx.resHeaders.append('Set-Cookie', sessions.cookies.set(sessionId));
        return ok({ who: personOf(caller), expiresAt, accessToken });
      }),

    breakGlass: procedure
      .input(z.strictObject({ code: plainText(200).min(1) }))
      .output(answer(z.object({ who: person, expiresAt: z.date() })))
      .mutation(async ({ ctx, input }) => {
        const entered = await sessions.enterByBreakGlass(input.code, ctx.caller.address, ctx.userAgent);
        ctx.note.actor = entered.caller.actor;
        ctx.resHeaders.append('Set-Cookie', sessions.cookies.set(entered.sessionId));
        return ok({ who: personOf(entered.caller), expiresAt: entered.expiresAt });
      }),

    signOut: procedure.output(answer(z.null())).mutation(async ({ ctx }) => {
      await sessions.signOut(sessionOf(ctx).sessionKey);
      ctx.resHeaders.append('Set-Cookie', sessions.cookies.clear());
      return ok(null);
    }),

    signOutEverywhere: procedure.output(answer(z.object({ sessions: z.number() }))).mutation(async ({ ctx }) => {
      const caller = sessionOf(ctx);
      const ended = caller.adminId === null ? 1 : await sessions.signOutEverywhere(caller.adminId);
      if (caller.adminId === null) await sessions.signOut(caller.sessionKey);
      ctx.resHeaders.append('Set-Cookie', sessions.cookies.clear());
      return ok({ sessions: ended });
    }),

    me: procedure.output(answer(person)).query(({ ctx }) => {
      const { caller } = ctx;
      if (caller.kind === 'nobody') throw new AppError('UNAUTHENTICATED', 'Nobody is signed in.', { hint: 'Sign in.' });
      if (caller.kind === 'session') return ok(personOf(caller));
      const { kind, actor, email, role, access } = caller;
      const stepUpUntil = access?.stepUp?.until ?? null;
      return ok({ kind, actor, email, fullName: null, role, scopes: [...caller.scopes], stepUpUntil });
    }),

    sessions: procedure
      .output(
        answer(
          z.array(
            z.object({
              id: z.string(),
              address: z.string(),
              userAgent: z.string(),
              createdAt: z.date(),
              expiresAt: z.date(),
              current: z.boolean(),
            }),
          ),
        ),
      )
      .query(async ({ ctx }) => {
        const caller = sessionOf(ctx);
        const own = caller.adminId === null ? [] : await sessions.list(caller.adminId);
        return ok(own.map((one) => ({ ...one, current: one.sessionKey === caller.sessionKey })));
      }),

    /**
     * Ends one of the caller's own sessions, by its `id` in the list; it may be the current one. Throws NOT_FOUND, also
     * for other people's.
     */
    endSession: procedure
      .input(z.strictObject({ id: z.string().regex(/^[0-9a-f]{32}$/, 'must be the id of a listed session') }))
      .output(answer(z.null()))
      .mutation(async ({ ctx, input }) => {
        const caller = sessionOf(ctx);
        ctx.note.target = input.id;
        const own = caller.adminId === null ? [] : await sessions.list(caller.adminId);
        const found = own.find(({ id }) => id === input.id);
        if (!found) {
          throw new AppError('NOT_FOUND', 'You have no such session.', { hint: 'It may have ended by itself.' });
        }
        ctx.note.details = { address: found.address, userAgent: found.userAgent };
        await sessions.signOut(found.sessionKey);
        if (found.sessionKey === caller.sessionKey) ctx.resHeaders.append('Set-Cookie', sessions.cookies.clear());
        return ok(null);
      }),

    stepUp: procedure
      .input(z.strictObject({ password }))
      .output(answer(z.object({ stepUpUntil: z.date() })))
      .mutation(async ({ ctx, input }) => ok({ stepUpUntil: await sessions.stepUp(behind(ctx), input.password) })),
  });
}

function personOf(caller: SessionCaller) {
  const { kind, actor, email, fullName, role, stepUp } = caller;
  return { kind, actor, email, fullName, role, scopes: [...caller.scopes], stepUpUntil: stepUp?.until ?? null };
}

/** Returns the caller's session, or the one behind a token issued at sign-in. Throws FORBIDDEN when there is none. */
function behind({ caller }: ApiContext): { adminId: string | null; sessionKey: string } {
  if (caller.kind === 'session') return caller;
  if (caller.kind === 'nobody' || caller.access === null) throw sessionOnly();
  return { adminId: caller.adminId, sessionKey: caller.access.sessionKey };
}
