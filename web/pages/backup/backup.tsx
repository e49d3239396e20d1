import { A, useNavigate, useParams } from '@solidjs/router';
import { useQuery } from '@tanstack/solid-query';
import { createSignal, For, Show, Suspense } from 'solid-js';
import type { BackupInfo } from '../../api.ts';
import { backupTime, useBackupActions } from '../../lib/backup-actions.ts';
import { asLeft } from '../../lib/last-search.ts';
import { latestData } from '../../lib/server/latest-data.ts';
import { queries } from '../../lib/server/queries.ts';
import { words } from '../../strings/shared.ts';
import { BackupBadges } from '../../ui/backup-badges.tsx';
import { Card, DescriptionList, PageHeading } from '../../ui/card.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Moment } from '../../ui/moment.tsx';
import { ActiveOperations } from '../../ui/operations/active-operations.tsx';
import { QueryFailure } from '../../ui/query-failure.tsx';
import { RemoveBackup } from '../../ui/remove-backup.tsx';
import { PageSkeleton } from '../../ui/skeleton.tsx';
import { BackupToolbar } from './backup-toolbar.tsx';
import { Find } from './find.tsx';
import { Manifest } from './manifest.tsx';
import { ManualRestore } from './manual-restore.tsx';
import { Note } from './note.tsx';

/** Renders the page of one stored backup: its contents in plain words, and the actions on it. */
export function Backup() {
  const params = useParams<{ id: string }>();
  const navigate = useNavigate();
  const name = () => decodeURIComponent(params.id);
  const backup = useQuery(() => queries.backup(name()));
  const actions = useBackupActions();
  const [removing, setRemoving] = createSignal(false);
  const known = () => latestData(backup);
  return (
    <>
      <p class="mb-2 text-sm print:hidden">
        <A href={asLeft('/backups')} class="text-brand hover:underline">
          {words.backups.title}
        </A>
      </p>
      <PageHeading
        title={name()}
        lead={<Show when={known()}>{(found) => <BackupBadges backup={found().info} />}</Show>}
      />
      <QueryFailure of={backup} />
      <Show
        when={known()}
        fallback={
          <Show when={backup.isPending}>
            <PageSkeleton />
          </Show>
        }
      >
        {(found) => (
          // A boundary of its own: its queries must not take away the heading, which has the focus.
          <Suspense fallback={<PageSkeleton />}>
            <BackupToolbar backup={found().info} actions={actions} onRemove={() => setRemoving(true)} />
            <div class="print:hidden">
              <ActiveOperations archive={found().info.fileName} />
            </div>
            <Show when={found().info.damaged}>
              {(damage) => (
                <div role="alert" class="mb-6 rounded-xl bg-bad-wash p-5 text-bad">
                  <p class="font-semibold">
                    {damage().foundAt === null ? words.backup.damaged : words.backup.foundDamaged}
                  </p>
                  <p class="mt-1 text-sm break-words text-ink">{damage().message}</p>
                </div>
              )}
            </Show>
            <div class="space-y-4">
              <Summary backup={found().info} />
              <Note backup={found().info} actions={actions} />
              <Show when={found().detail}>
                {(detail) => (
                  <div class="print:hidden">
                    {/* A search and what it found belong to one backup. */}
                    <Show when={found().info.fileName} keyed>
                      {(fileName) => <Find backup={fileName} tables={detail().tables} />}
                    </Show>
                  </div>
                )}
              </Show>
              <Show when={found().detail}>
                {(detail) => (
                  <Manifest
                    name={found().info.fileName}
                    detail={detail()}
                    backupId={found().info.metadata?.backupId ?? ''}
                    size={found().info.size}
                  />
                )}
              </Show>
              <History name={found().info.fileName} />
              <Show when={found().detail}>
                <ManualRestore name={found().info.fileName} />
              </Show>
            </div>
          </Suspense>
        )}
      </Show>
      <RemoveBackup
        backup={removing() ? (known()?.info ?? null) : null}
        onClose={() => setRemoving(false)}
        onRemoved={() => navigate(asLeft('/backups'), { replace: true })}
      />
    </>
  );
}

function Summary(props: { backup: BackupInfo }) {
  return (
    <Card title={words.backup.facts}>
      <DescriptionList
        of={[
          [words.backups.columns.made, <Moment at={backupTime(props.backup)} />],
          [words.backup.madeBy, props.backup.metadata?.createdBy ?? words.unknown],
          [words.backup.kind, words.backup.kinds[props.backup.kind ?? ''] ?? words.unknown],
          [
            words.overview.lastVerified,
            <Show when={props.backup.lastVerified} fallback={words.overview.notVerified}>
              {(at) => <Moment at={at()} />}
            </Show>,
          ],
          [words.backup.database, props.backup.origin ?? words.unknown],
        ]}
      />
      <Show when={props.backup.digest}>
        {(digest) => (
          <div class="mt-3 text-sm">
            <p class="text-soft">{words.backup.digest}</p>
            <p class="flex items-center gap-1">
              <code class="min-w-0 font-mono text-xs break-all">{digest()}</code>
              <CopyButton text={digest()} label={words.copy} />
            </p>
          </div>
        )}
      </Show>
    </Card>
  );
}

const OPERATIONS_SEARCHED = 100;

/** Lists the operations on the backup, as far as the records go back. */
function History(props: { name: string }) {
  const done = useQuery(() => queries.operations({ limit: OPERATIONS_SEARCHED }));
  const own = () => latestData(done)?.operations.filter(({ archive }) => archive === props.name) ?? [];
  return (
    <Card title={words.backup.history}>
      <Show when={own().length > 0} fallback={<p class="text-sm text-soft">{words.backup.historyNone}</p>}>
        <ul class="divide-y divide-line text-sm">
          <For each={own()}>
            {(operation) => (
              <li class="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 py-2.5">
                <A href={`/operations/${operation.id}`} class="font-medium hover:underline">
                  {words.operation.kind(operation.kind)}, {words.operation.states[operation.state].toLowerCase()}
                </A>
                <span class="text-soft">
                  {operation.actor}, <Moment at={operation.createdAt} />
                </span>
              </li>
            )}
          </For>
        </ul>
      </Show>
    </Card>
  );
}
