/** Identity of the bytes a resource has now. */
export interface Validators {
  /** A strong entity tag, quotes included. */
  etag: string;
  lastModified: Date;
}

/** `fresh`: the client has these bytes (304). `failed`: it wants others (412). `go on`: it gets them. */
export type Verdict = 'go on' | 'fresh' | 'failed';

type Header = (name: string) => string | undefined;

/**
 * Evaluates the conditions of a GET or HEAD in the order of RFC 9110, 13.2.2. Unreadable dates count as absent. Pure.
 */
export function checkConditions(header: Header, now: Validators): Verdict {
  const ifMatch = header('if-match');
  const since = header('if-unmodified-since');
  if (ifMatch !== undefined ? !names(ifMatch, now.etag, false) : isNewer(now, since) === true) return 'failed';
  const ifNoneMatch = header('if-none-match');
  if (ifNoneMatch !== undefined) return names(ifNoneMatch, now.etag, true) ? 'fresh' : 'go on';
  return isNewer(now, header('if-modified-since')) === false ? 'fresh' : 'go on';
}

/**
 * Returns whether a `Range` may be honoured: without `If-Range`, or when that names exactly these bytes. A weak tag
 * never does. Pure.
 */
export function rangeAllowed(header: Header, now: Validators): boolean {
  const ifRange = header('if-range')?.trim();
  if (ifRange === undefined) return true;
  return ifRange === now.etag || ifRange === now.lastModified.toUTCString();
}

function names(list: string, etag: string, weak: boolean): boolean {
  return list
    .split(',')
    .map((tag) => tag.trim())
    .some((tag) => tag === '*' || tag === etag || (weak && tag === `W/${etag}`));
}

/**
 * Returns whether the resource is newer than the date; null when the date is absent or unreadable. HTTP dates have
 * whole seconds.
 */
function isNewer(now: Validators, date: string | undefined): boolean | null {
  const then = Date.parse(date ?? '');
  return Number.isNaN(then) ? null : Math.floor(now.lastModified.getTime() / 1000) * 1000 > then;
}
