/** Returns the page to show after signing in: always one of this panel, never another site. */
export function returnPath(to: string | undefined): string {
  if (!to || !/^\/(?![/\\])/.test(to) || to.startsWith('/sign-in') || to.startsWith('/break-glass')) return '/';
  return to;
}
