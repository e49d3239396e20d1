import { createSignal } from 'solid-js';
import { words } from '../../strings/shared.ts';
import { announce } from '../announce.ts';

const KEY = 'palace-session';

const [sessionEnded, setSessionEnded] = createSignal(false);

/** True when the session ended by itself, and nobody has signed in since. */
export { sessionEnded };

/** Records that the server no longer recognises the session, and announces it. */
export function recordSessionEnd(): void {
  recordSession(false);
  setSessionEnded(true);
  announce(words.signIn.sessionEnded);
}

/** Records whether somebody has signed in here; the session itself is in a cookie no script can see. */
export function recordSession(signedIn: boolean): void {
  setSessionEnded(false);
  try {
    if (signedIn) localStorage.setItem(KEY, 'yes');
    else localStorage.removeItem(KEY);
  } catch {
    // Without storage the server is asked each time.
  }
}

/** Returns false when nobody can be signed in, so that the server need not be asked. */
export function mayBeSignedIn(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return true;
  }
}
