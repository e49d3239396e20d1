import FileUp from 'lucide-solid/icons/file-up';
import { createSignal, createUniqueId, onCleanup, onMount, Show } from 'solid-js';
import { type Failure, failureOf } from '../lib/failure.ts';
import { amountText, countText } from '../lib/format.ts';
import { type Peeked, peek } from '../lib/peek.ts';
import { say } from '../lib/say.ts';
import { createSending, type Sent } from '../lib/send.ts';
import { words } from '../strings.ts';
import { restoreWords } from '../strings-restore.ts';
import { Button } from './button.tsx';
import { Facts } from './card.tsx';
import { FailureNotice } from './failure-notice.tsx';
import { Moment } from './moment.tsx';
import { SendProgress } from './send-progress.tsx';
import { Lines } from './skeleton.tsx';

const { upload: w } = restoreWords;

/** Takes a file, dropped, pasted or chosen, looks into it, and sends it. */
export function UploadBox(props: { onSent: (sent: Sent) => void }) {
  const [file, setFile] = createSignal<File | null>(null);
  const [peeked, setPeeked] = createSignal<Peeked | null>(null);
  const [refusal, setRefusal] = createSignal<Failure | null>(null);
  const sending = createSending((sent) => {
    say(sent.existing ? w.existing : w.accepted);
    props.onSent(sent);
  });
  const isBusy = () => !['idle', 'done', 'failed'].includes(sending.state());

  const take = async (chosen: File | undefined) => {
    if (!chosen || isBusy()) return;
    setFile(chosen);
    setPeeked(null);
    setRefusal(null);
    try {
      setPeeked(await peek(chosen));
    } catch (error) {
      setRefusal(failureOf(error));
    }
  };
  const send = () => {
    const [chosen, what] = [file(), peeked()];
    if (chosen && what) void sending.start(chosen, what.kind === 'backup' || what.gzipped);
  };

  onMount(() => {
    const onPaste = (event: ClipboardEvent) => void take(event.clipboardData?.files[0]);
    const onLeave = (event: BeforeUnloadEvent) => {
      if (isBusy()) event.preventDefault();
    };
    document.addEventListener('paste', onPaste);
    window.addEventListener('beforeunload', onLeave);
    onCleanup(() => {
      document.removeEventListener('paste', onPaste);
      window.removeEventListener('beforeunload', onLeave);
      if (isBusy()) sending.pause();
    });
  });

  return (
    <div class="space-y-4">
      <Show when={!isBusy()}>
        <DropPlace onFile={(chosen) => void take(chosen)} />
      </Show>
      <Show when={refusal()}>{(failure) => <FailureNotice failure={failure()} />}</Show>
      <Show when={file() && !peeked() && !refusal()}>
        <Lines count={3} />
      </Show>
      <Show when={peeked()}>
        {(what) => (
          <div class="rounded-lg border border-line p-4">
            <p class="mb-3 font-medium break-all">{file()?.name}</p>
            <About peeked={what()} />
            <Show when={sending.failure()}>
              {(failure) => (
                <div class="mt-4">
                  <FailureNotice failure={failure()} />
                </div>
              )}
            </Show>
            <Show
              when={isBusy()}
              fallback={
                <Button look="primary" class="mt-4" onClick={send}>
                  {sending.state() === 'failed' ? words.tryAgain : w.send}
                </Button>
              }
            >
              <SendProgress sending={sending} />
            </Show>
          </div>
        )}
      </Show>
    </div>
  );
}

function About(props: { peeked: Peeked }) {
  return (
    <Show
      when={props.peeked.kind === 'backup' && props.peeked}
      fallback={
        <>
          <p class="text-sm">{w.document}</p>
          <p class="text-sm text-soft">{w.documentLead}</p>
        </>
      }
    >
      {(backup) => (
        <Facts
          narrow
          of={[
            [w.madeAt, <Moment at={backup().madeAt} />],
            [w.by, backup().by],
            [w.rows, `${countText(backup().rows)} (${amountText(backup().tables, 'table')})`],
            [w.of, backup().database],
          ]}
        />
      )}
    </Show>
  );
}

function DropPlace(props: { onFile: (file: File | undefined) => void }) {
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
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        props.onFile(event.dataTransfer?.files[0]);
      }}
    >
      <FileUp class="size-8 text-brand" aria-hidden="true" />
      <span class="font-medium">{over() ? w.dropping : w.drop}</span>
      <span class="text-sm text-soft">{w.limits}</span>
      <input
        id={id}
        type="file"
        accept=".zip,.json,.gz"
        class="sr-only"
        onChange={(event) => {
          props.onFile(event.currentTarget.files?.[0]);
          // The same file can be chosen again.
          event.currentTarget.value = '';
        }}
      />
    </label>
  );
}
