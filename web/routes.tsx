import { Navigate, Route, Router, type RouteSectionProps, useBeforeLeave, useLocation } from '@solidjs/router';
import { type Component, createEffect, ErrorBoundary, Match, on, Show, Suspense, Switch } from 'solid-js';
import { Dynamic } from 'solid-js/web';
import type { Person } from './api.ts';
import { announce, announcement } from './lib/announce.ts';
import { rememberSearch } from './lib/last-search.ts';
import { connected } from './lib/server/connection.ts';
import { failureOf } from './lib/server/failure.ts';
import { lazyWithRetry, setNavigationTarget } from './lib/server/lazy-with-retry.ts';
import { useMe } from './lib/server/session.ts';
import { NotFound } from './pages/not-found.tsx';
import { Overview } from './pages/overview/overview.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { Shell } from './shell/shell.tsx';
import { words } from './strings/shared.ts';
import { PageHeading } from './ui/card.tsx';
import { FailureNotice } from './ui/failure-notice.tsx';
import { PageSkeleton } from './ui/skeleton.tsx';

// Loaded when somebody points at a link to it.
const Backups = lazyWithRetry(() => import('./pages/backups/backups.tsx').then(({ Backups }) => Backups));
const Backup = lazyWithRetry(() => import('./pages/backup/backup.tsx').then(({ Backup }) => Backup));
const Rows = lazyWithRetry(() => import('./pages/rows/rows.tsx').then(({ Rows }) => Rows));
const Operations = lazyWithRetry(() => import('./pages/operations.tsx').then(({ Operations }) => Operations));
const OperationPage = lazyWithRetry(() => import('./pages/operation.tsx').then(({ OperationPage }) => OperationPage));
const Restore = lazyWithRetry(() => import('./pages/restore/restore.tsx').then(({ Restore }) => Restore));
const Audit = lazyWithRetry(() => import('./pages/audit/audit.tsx').then(({ Audit }) => Audit));
const Access = lazyWithRetry(() => import('./pages/access/access.tsx').then(({ Access }) => Access));
const Status = lazyWithRetry(() => import('./pages/status/status.tsx').then(({ Status }) => Status));
const BreakGlass = lazyWithRetry(() => import('./pages/break-glass.tsx').then(({ BreakGlass }) => BreakGlass));

/** Routes every address of the panel. */
export function Routes() {
  return (
    <Router root={Frame}>
      <Route path="/sign-in" component={SignIn} />
      <Route path="/break-glass" component={BreakGlass} />
      <Route path="/" component={SignedIn}>
        <Route path="/" component={Overview} />
        <Route path="/backups" component={Backups} />
        <Route path="/backups/:id" component={Backup} />
        <Route path="/backups/:id/tables/:table" component={Rows} />
        <Route path="/restore" component={Restore} />
        <Route path="/operations" component={Operations} />
        <Route path="/operations/:id" component={OperationPage} />
        <Route path="/audit" component={() => <Needs scope="audit:read" page={Audit} />} />
        <Route path="/access" component={() => <Needs scope="tokens:manage" page={Access} />} />
        <Route path="/status" component={() => <Needs scope="system:read" page={Status} />} />
        <Route path="*rest" component={NotFound} />
      </Route>
    </Router>
  );
}

/** Renders the frame of every page: the lost connection, the announcements for screen readers, and the message when a page breaks. */
function Frame(props: RouteSectionProps) {
  const location = useLocation();
  useBeforeLeave((event) => {
    if (typeof event.to === 'string') setNavigationTarget(event.to);
    // A page that blocks the navigation has done so by then.
    queueMicrotask(() => event.defaultPrevented && setNavigationTarget(null));
  });
  createEffect(
    on([() => location.pathname, () => location.search], ([path, search]) => {
      setNavigationTarget(null);
      rememberSearch(path, search);
    }),
  );
  createEffect(on(connected, (isBack) => isBack && announce(words.connection.back), { defer: true }));
  return (
    <>
      <div role="status" class="sticky top-0 z-40 print:hidden">
        <Show when={!connected()}>
          <p data-lost="" class="bg-warn-wash px-4 py-2 text-center text-sm text-warn">
            {words.connection.lost}
          </p>
        </Show>
      </div>
      {/* A region of its own, so that an announcement does not repeat the lost connection. */}
      <div role="status" data-announced="" class="sr-only">
        {announcement()}
      </div>
      <ErrorBoundary fallback={(error, reset) => <Broken error={error} reset={reset} />}>
        <Suspense fallback={<Waiting />}>{props.children}</Suspense>
      </ErrorBoundary>
    </>
  );
}

/** Renders a page for people with the scope; others read that they may not see it. */
function Needs(props: { scope: Person['scopes'][number]; page: Component }) {
  const me = useMe();
  return (
    <Show when={me.data?.scopes.includes(props.scope)} fallback={<Forbidden role={me.data?.role ?? ''} />}>
      <Dynamic component={props.page} />
    </Show>
  );
}

/** Renders a page only for people who are signed in and may see backups; others are redirected. */
function SignedIn(props: RouteSectionProps) {
  const me = useMe();
  const location = useLocation();
  const here = () => encodeURIComponent(`${location.pathname}${location.search}`);
  return (
    <Switch fallback={<Waiting />}>
      <Match when={me.isPending}>
        <Waiting />
      </Match>
      {/* A person known to be signed in stays so when fetching again fails. */}
      <Match when={me.isLoadingError && me.error}>
        {(error) => <Broken error={error()} reset={() => void me.refetch()} />}
      </Match>
      <Match when={me.data === null}>
        <Navigate href={`/sign-in?to=${here()}`} />
      </Match>
      <Match when={me.data}>
        {(person) => (
          <Shell me={person()}>
            <Show when={person().scopes.includes('backups:read')} fallback={<Forbidden role={person().role} />}>
              <ErrorBoundary fallback={(error, reset) => <FailureNotice failure={failureOf(error)} onRetry={reset} />}>
                <Suspense fallback={<PageSkeleton />}>{props.children}</Suspense>
              </ErrorBoundary>
            </Show>
          </Shell>
        )}
      </Match>
    </Switch>
  );
}

function Waiting() {
  return (
    <div class="mx-auto max-w-5xl p-8">
      <PageSkeleton />
    </div>
  );
}

function Broken(props: { error: unknown; reset: () => void }) {
  return (
    <main class="mx-auto max-w-2xl p-6">
      <FailureNotice failure={failureOf(props.error)} onRetry={props.reset} />
    </main>
  );
}

function Forbidden(props: { role: string }) {
  return (
    <>
      <PageHeading title={words.forbidden.title} />
      <p>{words.forbidden.body(props.role)}</p>
      <p class="mt-2 text-soft">{words.forbidden.hint}</p>
    </>
  );
}
