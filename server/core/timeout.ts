import { AppError } from './errors.ts';

/**
 * What is asked, or STALLED with this message once `limit` aborts. What does not end is left to itself: its answer, or its failure, is
 * nobody's any more.
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
