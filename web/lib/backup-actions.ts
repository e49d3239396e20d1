import { type QueryClient, useQueryClient } from '@tanstack/solid-query';
import { createSignal } from 'solid-js';
import { api, type BackupInfo, type BackupPage, type OneBackup } from '../api.ts';
import { words } from '../strings/shared.ts';
import { saveFrom } from './download.ts';
import { usePasswordFirst } from './password/password-first.ts';
import { say } from './say.ts';
import { type Failure, failureOf } from './server/failure.ts';
import { began, keys, queries } from './server/queries.ts';

/** What can be done with a stored backup by one press, and what the last press failed with. */
export function useBackupActions() {
  const client = useQueryClient();
  const passwordFirst = usePasswordFirst();
  const [failure, setFailure] = createSignal<Failure | null>(null);
  const [busy, setBusy] = createSignal<string | null>(null);

  let underWay: Promise<void> = Promise.resolve();
  /** Pressed twice it is done once; what is asked for while something else is under way is done after that. */
  const attempt = async (what: string, work: () => Promise<void>) => {
    if (busy() === what) return;
    while (busy() !== null) await underWay;
    underWay = carryOut(what, work);
    await underWay;
  };
  const carryOut = async (what: string, work: () => Promise<void>) => {
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
  /** Shows a change before the server has answered, and takes it back when it refuses. */
  const change = async (id: string, changed: Partial<BackupInfo>, order: () => Promise<unknown>) => {
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
      await order();
    } catch (error) {
      for (const [key, data] of before) client.setQueryData(key, data);
      throw error;
    }
    await client.invalidateQueries({ queryKey: keys.backups });
  };

  return {
    failure,
    /** The name of what is just being asked for. */
    busy,
    verify: (id: string) =>
      attempt('verify', async () => {
        began(client, (await api.backups.verify.mutate({ id })).data.operation);
        say(words.backup.verifying);
      }),
    setPinned: (id: string, pinned: boolean) =>
      attempt('pin', async () => {
        await change(id, { pinned }, () => (pinned ? api.backups.pin : api.backups.unpin).mutate({ id }));
        say(pinned ? words.backup.pinned : words.backup.unpinned);
      }),
    setNote: (id: string, note: string | null) =>
      attempt('note', async () => {
        await change(id, { note }, () => api.backups.annotate.mutate({ id, note }));
        say(words.backup.saved);
      }),
    /** The browser saves the file; the page stays. */
    download: (id: string) =>
      attempt('download', async () => {
        const answer = await passwordFirst(() => api.backups.downloadLink.mutate({ id }));
        if (answer === null) return;
        const { url, fileName } = answer.data;
        saveFrom(url, fileName);
      }),
    /** A whole address, for whoever has it, for some minutes. */
    async link(id: string): Promise<string | null> {
      let address: string | null = null;
      await attempt('link', async () => {
        const answer = await passwordFirst(() => api.backups.downloadLink.mutate({ id }));
        address = answer && new URL(answer.data.url, location.origin).href;
      });
      return address;
    },
  };
}

export type BackupActions = ReturnType<typeof useBackupActions>;

/** When the rows were read; of what cannot be opened, when it was stored. */
export function madeAt({ metadata, createdAt }: BackupInfo): string {
  return metadata?.timestamp ?? createdAt;
}

/** Takes a backup that was deleted out of every list at once; their sums follow when they are asked for again. */
export function dropRemoved(client: QueryClient, removed: string): void {
  client.setQueriesData({ queryKey: [...keys.backups, 'list'] }, (page: BackupPage | undefined) =>
    page ? { ...page, items: page.items.filter(({ fileName }) => fileName !== removed) } : page,
  );
}
