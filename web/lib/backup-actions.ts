import { type QueryClient, useQueryClient } from '@tanstack/solid-query';
import { createSignal } from 'solid-js';
import { api, type BackupInfo, type BackupPage, type OneBackup } from '../api.ts';
import { words } from '../strings/shared.ts';
import { announce } from './announce.ts';
import { saveFrom } from './download.ts';
import { type Failure, failureOf } from './server/failure.ts';
import { keys, queries, showStarted } from './server/queries.ts';
import { useWithStepUp } from './step-up/with-step-up.ts';

/** Creates the one-press actions on a stored backup. `failure` holds the error of the last one. */
export function useBackupActions() {
  const client = useQueryClient();
  const passwordFirst = useWithStepUp();
  const [failure, setFailure] = createSignal<Failure | null>(null);
  const [busy, setBusy] = createSignal<string | null>(null);

  let running: Promise<void> = Promise.resolve();
  /** Ignores a second press of an action that is running. Another action waits until the running one has ended. */
  const runExclusive = async (what: string, work: () => Promise<void>) => {
    if (busy() === what) return;
    while (busy() !== null) await running;
    running = perform(what, work);
    await running;
  };
  const perform = async (what: string, work: () => Promise<void>) => {
    setBusy(what);
    setFailure(null);
    try {
      await work();
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(null);
    }
  };
  /** Shows a change before the server has answered, and undoes it when the server refuses. */
  const updateOptimistically = async (id: string, changed: Partial<BackupInfo>, request: () => Promise<unknown>) => {
    await client.cancelQueries({ queryKey: keys.backups });
    const before = client.getQueriesData({ queryKey: keys.backups });
    const withChange = (info: BackupInfo) => (info.fileName === id ? { ...info, ...changed } : info);
    client.setQueriesData({ queryKey: [...keys.backups, 'list'] }, (page: BackupPage | undefined) =>
      page ? { ...page, items: page.items.map(withChange) } : page,
    );
    client.setQueryData(queries.backup(id).queryKey, (known: OneBackup | undefined) =>
      known ? { ...known, info: withChange(known.info) } : known,
    );
    try {
      await request();
    } catch (error) {
      for (const [key, data] of before) client.setQueryData(key, data);
      throw error;
    }
    await client.invalidateQueries({ queryKey: keys.backups });
  };

  return {
    failure,
    /** The name of the running action; null when none runs. */
    busy,
    verify: (id: string) =>
      runExclusive('verify', async () => {
        showStarted(client, (await api.backups.verify.mutate({ id })).data.operation);
        announce(words.backup.verifying);
      }),
    setPinned: (id: string, pinned: boolean) =>
      runExclusive('pin', async () => {
        await updateOptimistically(id, { pinned }, () => (pinned ? api.backups.pin : api.backups.unpin).mutate({ id }));
        announce(pinned ? words.backup.pinned : words.backup.unpinned);
      }),
    setNote: (id: string, note: string | null) =>
      runExclusive('note', async () => {
        await updateOptimistically(id, { note }, () => api.backups.annotate.mutate({ id, note }));
        announce(words.backup.saved);
      }),
    /** Makes the browser save the file; the page stays open. */
    download: (id: string) =>
      runExclusive('download', async () => {
        const answer = await passwordFirst(() => api.backups.downloadLink.mutate({ id }));
        if (answer === null) return;
        const { url, fileName } = answer.data;
        saveFrom(url, fileName);
      }),
    /** Returns an absolute download address that works for some minutes, for anybody who has it. Null when it failed or was declined. */
    async link(id: string): Promise<string | null> {
      let address: string | null = null;
      await runExclusive('link', async () => {
        const answer = await passwordFirst(() => api.backups.downloadLink.mutate({ id }));
        address = answer && new URL(answer.data.url, location.origin).href;
      });
      return address;
    },
  };
}

export type BackupActions = ReturnType<typeof useBackupActions>;

/** Returns the time the rows were read, or the time of storing for an archive that cannot be opened. */
export function backupTime({ metadata, createdAt }: BackupInfo): string {
  return metadata?.timestamp ?? createdAt;
}

/** Removes a deleted backup from every cached list at once. Totals are corrected by the next fetch. */
export function removeFromLists(client: QueryClient, removed: string): void {
  client.setQueriesData({ queryKey: [...keys.backups, 'list'] }, (page: BackupPage | undefined) =>
    page ? { ...page, items: page.items.filter(({ fileName }) => fileName !== removed) } : page,
  );
}
