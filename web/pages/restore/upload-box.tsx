import { useQuery, useQueryClient } from '@tanstack/solid-query';
import FileUp from 'lucide-solid/icons/file-up';
import { createEffect, createSignal, createUniqueId, on, onCleanup, onMount, Show } from 'solid-js';
import type { Uploaded } from '../../../server/client/tus-rules.ts';
import { announce } from '../../lib/announce.ts';
import { sendingOf } from '../../lib/operations/progress.ts';
import { type Failure, failureOf, panelFailure } from '../../lib/server/failure.ts';
import { keys } from '../../lib/server/queries.ts';
import { restoreWords } from '../../strings/restore.ts';
import { words } from '../../strings/shared.ts';
import { Button } from '../../ui/button.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { TextSkeleton } from '../../ui/skeleton.tsx';
import { AcceptProgress } from './accept-progress.tsx';
import { LeaveDialog } from './leave-dialog.tsx';
import { type Peeked, peek } from './peek.ts';
import { factSentences, PeekedFacts } from './peeked-facts.tsx';
import { createUpload, maxUploadBytes, tooLarge } from './upload.ts';
import { UploadProgress } from './upload-progress.tsx';

const { upload: w } = restoreWords;
/** Codes that refuse the file itself: sent again it would be refused again. */
const FILE_ERRORS: readonly Failure['code'][] = [
  'INPUT_INVALID',
  'TOO_LARGE',
  'ARCHIVE_INVALID',
  'ARCHIVE_DAMAGED',
  'ARCHIVE_TOO_NEW',
  'ARCHIVE_LIMIT',
];

/** Takes a dropped, pasted or chosen file, looks into it, and uploads it. */
export function UploadBox(props: { onSent: (sent: Uploaded) => void }) {
  const [file, setFile] = createSignal<File | null>(null);
  const [peeked, setPeeked] = createSignal<Peeked | null>(null);
  const [refusal, setRefusal] = createSignal<Failure | null>(null);
  const client = useQueryClient();
  const limit = useQuery(() => ({
    queryKey: ['largest upload'],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }: { signal: AbortSignal }) => maxUploadBytes(signal),
  }));
  const maxBytes = () => (limit.isSuccess ? limit.data : null);
  const upload = createUpload((sent) => {
    announce(sent.existing ? w.existing : w.accepted);
    for (const queryKey of [keys.backups, keys.status]) void client.invalidateQueries({ queryKey });
    setFile(null);
    setPeeked(null);
    props.onSent(sent);
  });
  const isBusy = () => !['idle', 'done', 'failed'].includes(upload.state());
  const isFileError = () => FILE_ERRORS.some((code) => code === upload.failure()?.code);
  let picker: HTMLInputElement | undefined;
  let next: HTMLDivElement | undefined;
  // The pressed button is gone, so the focus moves to what can be done next.
  createEffect(
    on(
      isBusy,
      () => {
        if (document.activeElement === document.body) next?.querySelector('button')?.focus();
      },
      { defer: true },
    ),
  );

  const take = async (all: Iterable<File> | undefined) => {
    const [chosen, ...others] = all ?? [];
    if (!chosen || isBusy()) return;
    setFile(chosen);
    setPeeked(null);
    setRefusal(null);
    upload.forget();
    try {
      if (others.length > 0) throw panelFailure('INPUT_INVALID', w.several, w.severalHint);
      const what = await peek(chosen);
      const limit = maxBytes();
      // An uncompressed file becomes smaller; it is measured once compressed.
      if (isPacked(what) && limit !== null && chosen.size > limit) throw tooLarge(chosen.size, limit);
      if (file() !== chosen) return;
      setPeeked(what);
      announce(w.found(chosen.name, factSentences(what)));
    } catch (error) {
      if (file() !== chosen) return;
      const unreadable = error instanceof DOMException;
      setRefusal(unreadable ? panelFailure('INPUT_INVALID', w.unreadable, w.kindHint) : failureOf(error));
    }
  };
  const send = () => {
    const [chosen, what] = [file(), peeked()];
    if (chosen && what) void upload.start(chosen, isPacked(what), maxBytes());
  };

  onMount(() => {
    const onPaste = (event: ClipboardEvent) => void take(filesIn(event));
    // The browser would open a file that misses the drop zone, and replace the page.
    const onDrag = (event: DragEvent) => event.preventDefault();
    const onDrop = (event: DragEvent) => {
      event.preventDefault();
      void take(event.dataTransfer?.files);
    };
    document.addEventListener('paste', onPaste);
    document.addEventListener('dragover', onDrag);
    document.addEventListener('drop', onDrop);
    onCleanup(() => {
      document.removeEventListener('paste', onPaste);
      document.removeEventListener('dragover', onDrag);
      document.removeEventListener('drop', onDrop);
      if (isBusy()) upload.pause();
    });
  });

  return (
    <div class="space-y-4">
      <LeaveDialog sending={isBusy()} />
      <Show when={!isBusy()}>
        <DropZone maxBytes={maxBytes()} onFiles={(chosen) => void take(chosen)} input={(input) => (picker = input)} />
      </Show>
      <Show when={refusal()}>{(failure) => <RefusedFile failure={failure()} />}</Show>
      <Show when={file() && !peeked() && !refusal()}>
        <TextSkeleton count={3} />
      </Show>
      <Show when={peeked()}>
        {(what) => (
          <div class="rounded-lg border border-line p-4">
            <p class="mb-3 font-medium break-all">{file()?.name}</p>
            <PeekedFacts peeked={what()} />
            <Show when={upload.failure()}>
              {(failure) => (
                <div class="mt-4">
                  <RefusedFile failure={failure()} />
                </div>
              )}
            </Show>
            <Show
              when={isBusy()}
              fallback={
                <div ref={next} class="mt-4">
                  <Show
                    when={isFileError()}
                    fallback={
                      <Button variant="primary" onClick={send}>
                        {upload.state() === 'failed' ? words.tryAgain : w.send}
                      </Button>
                    }
                  >
                    <Button variant="primary" onClick={() => picker?.click()}>
                      {w.chooseAnother}
                    </Button>
                  </Show>
                </div>
              }
            >
              <Show
                when={upload.state() === 'checking'}
                fallback={<UploadProgress upload={upload} packed={isPacked(what())} />}
              >
                <div class="mt-4">
                  <AcceptProgress
                    uploadId={upload.uploadId()}
                    lead={sendingOf(isPacked(what())).send}
                    before={<UploadProgress upload={upload} packed={isPacked(what())} />}
                  />
                </div>
              </Show>
            </Show>
          </div>
        )}
      </Show>
    </div>
  );
}

/** Says why a file was refused, and that the database was not touched. */
function RefusedFile(props: { failure: Failure }) {
  return (
    <FailureNotice failure={props.failure}>
      <p>{w.untouched}</p>
    </FailureNotice>
  );
}

function isPacked(what: Peeked): boolean {
  return what.kind === 'backup' || what.packed;
}

/** Returns the pasted files, or a pasted document as a file. Ignores what is pasted into a field. */
function filesIn({ clipboardData, target }: ClipboardEvent): Iterable<File> | undefined {
  if (target instanceof HTMLInputElement && target.type !== 'file') return;
  if (target instanceof HTMLTextAreaElement || !clipboardData) return;
  if (clipboardData.files.length > 0) return clipboardData.files;
  const text = clipboardData.getData('text/plain').trim();
  return text.startsWith('{') ? [new File([text], w.pasted, { type: 'application/json' })] : undefined;
}

function DropZone(props: {
  maxBytes: number | null;
  onFiles: (files: Iterable<File> | undefined) => void;
  input: (input: HTMLInputElement) => void;
}) {
  const id = createUniqueId();
  const [over, setOver] = createSignal(false);
  return (
    <label
      for={id}
      class="flex cursor-pointer flex-col items-center gap-2 rounded-xl border-2 border-dashed border-edge px-4 py-10 text-center hover:bg-sunk has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-brand"
      classList={{ 'border-brand bg-brand-wash': over() }}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={() => setOver(false)}
    >
      <FileUp class="size-8 text-brand" aria-hidden="true" />
      <span class="font-medium">{over() ? w.dropping : w.drop}</span>
      <span class="text-sm text-soft">
        {w.limits(props.maxBytes)} {w.paste}
      </span>
      <input
        ref={props.input}
        id={id}
        type="file"
        accept=".zip,.json,.gz"
        class="sr-only"
        onChange={(event) => {
          props.onFiles([...(event.currentTarget.files ?? [])]);
          // Lets the same file be chosen again.
          event.currentTarget.value = '';
        }}
      />
    </label>
  );
}
