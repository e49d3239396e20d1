import { createSignal } from 'solid-js';
import { words } from '../../strings/shared.ts';
import { say } from '../say.ts';

const KEY = 'palace-session';

const [sessionEnded, setSessionEnded] = createSignal(false);

/** Whether the session ended by itself, and nobody has signed in since. */
export { sessionEnded };

/** Notes that the server knows nobody here any more, and says so. */
export function noteSessionEnd(): void {
  rememberSession(false);
  setSessionEnded(true);
  say(words.signIn.sessionEnded);
}

/** Notes that somebody has signed in here; the session itself is in a cookie no script can see. */
export function rememberSession(signedIn: boolean): void {
  setSessionEnded(false);
  try {
    if (signedIn) localStorage.setItem(KEY, 'yes');
    else localStorage.removeItem(KEY);
  } catch {
    // Without storage the server is asked each time.
  }
}

/** False when nobody can be signed in, so that the server need not be asked. */
export function mayBeSignedIn(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return true;
  }
}
