import { useQueryClient } from '@tanstack/solid-query';
import { createSignal } from 'solid-js';
import { api, type BackupInfo } from '../api.ts';
import { words } from '../strings.ts';
import { type Failure, failureOf } from './failure.ts';
import { began, keys } from './queries.ts';
import { say } from './say.ts';

/** What can be done with a stored backup by one press, and what the last press failed with. */
export function useBackupActions() {
  const client = useQueryClient();
  const [failure, setFailure] = createSignal<Failure | null>(null);
  const [busy, setBusy] = createSignal<string | null>(null);

  const attempt = async (what: string, work: () => Promise<void>) => {
    if (busy() !== null) return;
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
  const seen = () => client.invalidateQueries({ queryKey: keys.backups });

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
        await (pinned ? api.backups.pin : api.backups.unpin).mutate({ id });
        await seen();
        say(pinned ? words.backup.pinned : words.backup.unpinned);
      }),
    setNote: (id: string, note: string | null) =>
      attempt('note', async () => {
        await api.backups.annotate.mutate({ id, note });
        await seen();
        say(words.backup.saved);
      }),
    /** The browser saves the file; the page stays. */
    download: (id: string) =>
      attempt('download', async () => {
        const { url, fileName } = (await api.backups.downloadLink.mutate({ id })).data;
        const link = document.createElement('a');
        link.href = url;
        link.download = fileName;
        link.click();
      }),
    /** A whole address, for whoever has it, for some minutes. */
    async link(id: string): Promise<string | null> {
      let address: string | null = null;
      await attempt('link', async () => {
        address = new URL((await api.backups.downloadLink.mutate({ id })).data.url, location.origin).href;
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
