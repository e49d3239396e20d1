import { useQuery } from '@tanstack/solid-query';
import CircleCheck from 'lucide-solid/icons/circle-check';
import CircleX from 'lucide-solid/icons/circle-x';
import LoaderCircle from 'lucide-solid/icons/loader-circle';
import { createEffect, createSignal, For, type JSX, Match, on, Show, Suspense, Switch, untrack } from 'solid-js';
import type { BackupInfo, Operation, OperationState } from '../../api.ts';
import { focusInvalidField } from '../../lib/input/focus-invalid-field.ts';
import { hasEnded } from '../../lib/operations/operation-stream.ts';
import { latestData } from '../../lib/server/latest-data.ts';
import { queries } from '../../lib/server/queries.ts';
import { createStepUp } from '../../lib/step-up/step-up.ts';
import { registerResultView } from '../../shell/result-views.ts';
import { bulkWords as w } from '../../strings/bulk.ts';
import { words } from '../../strings/shared.ts';
import { Button } from '../../ui/button.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { Field } from '../../ui/forms/field.tsx';
import { StepUpField } from '../../ui/forms/step-up-field.tsx';
import { Modal, ModalFooter } from '../../ui/modal.tsx';
import { type BulkAction, createBulkRun, type Outcome } from './bulk-run.ts';

/** An action somebody requested, with the backups as they were then. */
export interface BulkRequest {
  kind: BulkAction;
  backups: BackupInfo[];
  /** True when there are no other backups. */
  everything: boolean;
}

/** Asks once before an action on several backups, names each, and shows each outcome. */
export function BulkDialog(props: { request: BulkRequest | null; onClose: () => void }) {
  const run = createBulkRun();
  const stepUp = createStepUp();
  const [typed, setTyped] = createSignal('');
  const [submitted, setSubmitted] = createSignal(false);
  const [hasRun, setHasRun] = createSignal(false);
  /** Final states of the verifications, by file name. */
  const [ends, setEnds] = createSignal<Record<string, OperationState>>({});
  // The content stays while the dialog closes.
  const [current, setCurrent] = createSignal<BulkRequest>({ kind: 'verify', backups: [], everything: false });
  createEffect(
    on(
      () => props.request,
      (asked) => {
        if (!asked) return;
        setCurrent(asked);
        setTyped('');
        setSubmitted(false);
        setHasRun(false);
        setEnds({});
        run.forget();
        stepUp.reset();
      },
    ),
  );
  const kind = () => current().kind;
  const isKept = ({ pinned }: BackupInfo) => kind() === 'remove' && pinned;
  const names = () =>
    current()
      .backups.filter((one) => !isKept(one))
      .map(({ fileName }) => fileName);
  const counted = (state: Outcome['state']) => names().filter((name) => run.outcomes[name]?.state === state).length;
  const left = () => names().length - counted('done');
  const isOver = () => hasRun() && !run.busy() && left() === 0;
  const asksPassword = () => kind() === 'remove' || kind() === 'download';
  const isPhraseWrong = () => kind() === 'remove' && typed().trim().toLowerCase() !== w.phrase(names().length);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (run.busy()) return;
    if (isOver() || names().length === 0) return props.onClose();
    setSubmitted(true);
    focusInvalidField(event);
    if (isPhraseWrong() || (asksPassword() && stepUp.isMissing())) return;
    try {
      if (asksPassword()) await stepUp.send();
    } catch (error) {
      stepUp.onError(error);
      run.refused(error);
      setSubmitted(false);
      return;
    }
    setHasRun(true);
    const ended = await run.run(kind(), names());
    if (ended !== null) stepUp.onError(ended);
    setSubmitted(false);
  };
  const summary = () => {
    if (names().length === 0) return w.nothing;
    if (!hasRun() || run.busy()) return '';
    if (kind() !== 'verify' || left() > 0) return w.summary(counted('done'), left());
    const ended = Object.values(ends());
    if (ended.length < names().length) return w.verifying(ended.length, names().length);
    const good = ended.filter((state) => state === 'succeeded').length;
    return w.verified(good, ended.length - good);
  };
  const submitText = () => {
    if (run.busy()) return w.busy(counted('done') + counted('failed'), names().length);
    if (isOver() || names().length === 0) return words.close;
    return hasRun() ? w.rest(left()) : w.names[kind()];
  };

  return (
    <Modal
      open={props.request !== null}
      onClose={props.onClose}
      blocksLeaving={run.busy()}
      title={w.title[kind()](names().length)}
      lead={w.lead[kind()]}
    >
      <form class="space-y-4" novalidate onSubmit={(event) => void submit(event)}>
        <Show when={run.failure()}>{(failure) => <FailureNotice failure={failure()} />}</Show>
        <Show when={kind() === 'remove' && current().everything && !hasRun()}>
          <p class="rounded-lg bg-bad-wash p-3 text-sm font-medium text-bad">{w.everything}</p>
        </Show>
        {/* Focusable, so that keys scroll it. */}
        <section
          tabindex="0"
          aria-label={w.list}
          class={`overflow-y-auto rounded-lg border border-line low:max-h-none ${hasRun() ? '' : 'max-h-56'}`}
        >
          <ul class="divide-y divide-line text-sm">
            <For each={current().backups}>
              {(backup) => (
                <li class="px-3 py-2">
                  <span class="break-all">{backup.fileName}</span>
                  <Show
                    when={isKept(backup)}
                    fallback={
                      <BackupOutcome
                        kind={kind()}
                        of={run.outcomes[backup.fileName]}
                        onEnd={(state) => setEnds({ ...ends(), [backup.fileName]: state })}
                      />
                    }
                  >
                    <Line tone="text-soft">{w.pinned}</Line>
                  </Show>
                </li>
              )}
            </For>
          </ul>
        </section>
        <Show when={!hasRun() || left() > 0}>
          <Show when={kind() === 'remove' && names().length > 0}>
            <Field
              label={w.type(names().length)}
              value={typed()}
              onInput={setTyped}
              autocomplete="off"
              spellcheck={false}
              error={submitted() && isPhraseWrong() ? w.wrong(names().length) : null}
            />
          </Show>
          <Show when={asksPassword() && names().length > 0}>
            <StepUpField of={stepUp} label={w.password} submitted={submitted()} />
          </Show>
        </Show>
        <p role="status" class="text-sm font-medium empty:hidden">
          {summary()}
        </p>
        <ModalFooter>
          <Show when={!isOver() && names().length > 0}>
            <Button disabled={run.busy()} onClick={() => props.onClose()}>
              {hasRun() ? words.close : words.cancel}
            </Button>
          </Show>
          <Button
            type="submit"
            variant={kind() === 'remove' && !isOver() && names().length > 0 ? 'danger' : 'primary'}
            busy={run.busy()}
          >
            {submitText()}
          </Button>
        </ModalFooter>
      </form>
    </Modal>
  );
}

function Line(props: { tone: string; icon?: JSX.Element; children: JSX.Element }) {
  return (
    <span class={`mt-0.5 flex items-start gap-1.5 ${props.tone}`}>
      {props.icon}
      <span class="min-w-0 break-words">{props.children}</span>
    </span>
  );
}

const DONE = () => <CircleCheck class="mt-0.5 size-4 shrink-0" aria-hidden="true" />;
const FAILED = () => <CircleX class="mt-0.5 size-4 shrink-0" aria-hidden="true" />;
const BUSY = () => <LoaderCircle class="mt-0.5 size-4 shrink-0 animate-spin" aria-hidden="true" />;

/** Shows the outcome of one backup once its action has begun. */
function BackupOutcome(props: { kind: BulkAction; of: Outcome | undefined; onEnd: (state: OperationState) => void }) {
  const failed = () => (props.of?.state === 'failed' ? props.of.failure : null);
  const done = () => (props.of?.state === 'done' ? props.of : null);
  return (
    <Switch>
      <Match when={props.of?.state === 'working'}>
        <Line tone="text-soft" icon={<BUSY />}>
          {w.outcome.working}
        </Line>
      </Match>
      <Match when={failed()}>
        {(failure) => (
          <Line tone="text-bad" icon={<FAILED />}>
            {failure().message} {failure().hint}
          </Line>
        )}
      </Match>
      <Match when={done()?.operationId}>
        {(id) => (
          // A boundary of its own: its query must not take the dialog away.
          <Suspense>
            <VerificationState id={id()} onEnd={props.onEnd} />
          </Suspense>
        )}
      </Match>
      <Match when={props.kind !== 'verify' && done()}>
        {(made) => (
          <Line tone="text-good" icon={<DONE />}>
            {props.kind === 'verify' ? '' : w.outcome[props.kind]}{' '}
            <Show when={made().address}>
              {(address) => (
                <a href={address()} download="" class="text-brand underline">
                  {w.again}
                </a>
              )}
            </Show>
          </Line>
        )}
      </Match>
    </Switch>
  );
}

const POLL_MS = 1500;

/** Shows the state of a verification that was just requested. */
function VerificationState(props: { id: string; onEnd: (state: OperationState) => void }) {
  const operation = useQuery(() => ({
    ...queries.operation(props.id),
    // Polled: the verifications wait for each other, and a stream each would be more than a browser opens.
    refetchInterval: ({ state }: { state: { data?: Operation | undefined } }) =>
      state.data && hasEnded(state.data) ? false : POLL_MS,
  }));
  const known = () => latestData(operation);
  const state = () => known()?.state ?? 'queued';
  registerResultView(() => ({ id: props.id, routine: true, progress: true }));
  createEffect(() => {
    const operation = known();
    if (operation && hasEnded(operation)) untrack(() => props.onEnd(operation.state));
  });
  return (
    <Switch
      fallback={
        <Line tone="text-soft" icon={<BUSY />}>
          {state() === 'running' ? w.outcome.verify.running : w.outcome.verify.queued}
        </Line>
      }
    >
      <Match when={state() === 'succeeded'}>
        <Line tone="text-good" icon={<DONE />}>
          {w.outcome.verify.succeeded}
        </Line>
      </Match>
      <Match when={state() === 'cancelled'}>
        <Line tone="text-soft" icon={<FAILED />}>
          {w.outcome.verify.cancelled}
        </Line>
      </Match>
      <Match when={state() === 'failed'}>
        <Line tone="text-bad" icon={<FAILED />}>
          {known()?.error?.message ?? words.operation.states.failed}
        </Line>
      </Match>
    </Switch>
  );
}
