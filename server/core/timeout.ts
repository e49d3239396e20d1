import { AppError } from './errors.ts';

/**
 * Resolves or rejects as `asked` does, or rejects with STALLED and this message once `limit` aborts. Work that outlasts
 * the limit is not stopped; its result or failure is ignored.
 */
export async function withTimeout<Value>(limit: AbortSignal, message: string, asked: Promise<Value>): Promise<Value> {
  const silent = Promise.withResolvers<never>();
  const onLimit = () =>
    silent.reject(
      new AppError('STALLED', message, { hint: 'See whether a network folder or the database has stopped to answer.' }),
    );
  if (limit.aborted) onLimit();
  limit.addEventListener('abort', onLimit, { once: true });
  try {
    return await Promise.race([asked, silent.promise]);
  } finally {
    limit.removeEventListener('abort', onLimit);
  }
}
