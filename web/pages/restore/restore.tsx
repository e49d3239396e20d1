import { useSearchParams } from '@solidjs/router';
import { useQuery } from '@tanstack/solid-query';
import { createEffect, createSignal, Match, on, Show, Suspense, Switch } from 'solid-js';
import type { Uploaded } from '../../../server/client/tus-rules.ts';
import type { Operation } from '../../api.ts';
import { hasEnded } from '../../lib/operations/operation-stream.ts';
import { failureOf } from '../../lib/server/failure.ts';
import { latestData } from '../../lib/server/latest-data.ts';
import { lazyWithRetry } from '../../lib/server/lazy-with-retry.ts';
import { queries } from '../../lib/server/queries.ts';
import { restoreWords } from '../../strings/restore.ts';
import { Button } from '../../ui/button.tsx';
import { Card, PageHeading } from '../../ui/card.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { ActiveOperations } from '../../ui/operations/active-operations.tsx';
import { PageSkeleton } from '../../ui/skeleton.tsx';
import { BackupPicker } from './backup-picker.tsx';
import { RestorePlan } from './restore-plan.tsx';

const UploadBox = lazyWithRetry(() => import('./upload-box.tsx').then(({ UploadBox }) => UploadBox));

const { restore: w, upload } = restoreWords;

/** Renders the page that restores a backup, stored or uploaded: choice, plan, confirmation, progress, result. */
export function Restore() {
  const [search, setSearch] = useSearchParams<{ backup?: string; tables?: string | string[] }>();
  const [started, setStarted] = createSignal<Operation | null>(null);
  const live = useQuery(() => ({ ...queries.operation(started()?.id ?? ''), enabled: started() !== null }));
  const ended = () => live.isSuccess && hasEnded(live.data);
  const [stored, setStored] = createSignal<Uploaded | null>(null);
  // Only for the file that was just sent, not for another backup chosen since.
  const justStored = () => (stored()?.fileName === (search.backup ?? null) ? stored() : null);
  // The pressed button is gone with its part of the page, so reading goes on at the heading.
  createEffect(
    on([() => search.backup, () => started() !== null], () => document.querySelector<HTMLElement>('h1')?.focus(), {
      defer: true,
    }),
  );
  const begin = () => {
    setStarted(null);
    setStored(null);
    setSearch({ backup: null, tables: null });
  };
  return (
    <>
      <PageHeading title={w.title} lead={w.lead}>
        <Show when={started() ? ended() : search.backup}>
          <Button onClick={begin}>{started() ? w.again : w.another}</Button>
        </Show>
      </PageHeading>
      <ActiveOperations open />
      <Show when={!started() && justStored()}>
        {(sent) => (
          <p class="mb-4 rounded-lg bg-good-wash px-4 py-3 text-sm text-good">
            {sent().existing ? upload.existing : upload.accepted}
          </p>
        )}
      </Show>
      <Switch>
        <Match when={started()}>{null}</Match>
        <Match when={search.backup}>
          {(name) => (
            // A boundary of its own, so that the heading and the focus on it stay while this loads.
            <Suspense fallback={<PageSkeleton />}>
              <ChosenBackup name={name()} tables={[search.tables ?? []].flat()} onStarted={setStarted} />
            </Suspense>
          )}
        </Match>
        <Match when={true}>
          <div class="grid gap-4 lg:grid-cols-2">
            <Card title={w.stored}>
              <BackupPicker onPick={(backup) => setSearch({ backup })} />
            </Card>
            <Card title={w.upload}>
              <Suspense fallback={<div class="skeleton h-52 rounded-xl" />}>
                <UploadBox
                  onSent={(sent) => {
                    setStored(sent);
                    if (sent.fileName !== null) setSearch({ backup: sent.fileName });
                  }}
                />
              </Suspense>
            </Card>
          </div>
        </Match>
      </Switch>
    </>
  );
}

function ChosenBackup(props: { name: string; tables: string[]; onStarted: (operation: Operation) => void }) {
  const backup = useQuery(() => queries.backup(props.name));
  const status = useQuery(queries.status);
  const error = () => backup.error ?? status.error;
  const known = () => {
    const [about, state] = [latestData(backup), latestData(status)];
    return about && state ? { backup: about, status: state } : null;
  };
  const again = () => {
    void backup.refetch();
    void status.refetch();
  };
  return (
    <Switch fallback={<PageSkeleton />}>
      <Match when={!known() && error()}>
        {(found) => <FailureNotice failure={failureOf(found())} onRetry={again} />}
      </Match>
      <Match when={known()}>
        {(known) => (
          <Show when={known().status.database} fallback={<p role="alert">{w.notReachable}</p>}>
            {(database) => (
              <RestorePlan
                info={known().backup.info}
                madeHere={known().backup.madeHere}
                detail={known().backup.detail}
                database={database()}
                requested={props.tables}
                lastBackup={known().status.lastBackup?.timestamp ?? null}
                onStarted={props.onStarted}
              />
            )}
          </Show>
        )}
      </Match>
    </Switch>
  );
}
