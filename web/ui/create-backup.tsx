import { useMutation, useQuery, useQueryClient } from '@tanstack/solid-query';
import { createEffect, createSignal, on, Show } from 'solid-js';
import { api, type NewBackup, type Operation } from '../api.ts';
import { announce } from '../lib/announce.ts';
import { backupNameFault } from '../lib/input/backup-name.ts';
import { focusInvalidField } from '../lib/input/focus-invalid-field.ts';
import { tableLabel } from '../lib/operations/operation.ts';
import { failureOf } from '../lib/server/failure.ts';
import { createIdempotencyKey } from '../lib/server/idempotency-key.ts';
import { latestData } from '../lib/server/latest-data.ts';
import { queries, showStarted } from '../lib/server/queries.ts';
import { words } from '../strings/shared.ts';
import { Button } from './button.tsx';
import { FailureNotice } from './failure-notice.tsx';
import { Field } from './forms/field.tsx';
import { RadioGroup } from './forms/radio-group.tsx';
import { TableChoice } from './forms/table-choice.tsx';
import { Modal, ModalFooter } from './modal.tsx';

const MAX_NAME_LENGTH = 191;
type Compression = 'deflate' | 'zstd';

/** Asks for a new backup's contents and starts it. One press is enough for the usual backup. */
export function CreateBackup(props: {
  open: boolean;
  onClose: () => void;
  onStarted?: (operation: Operation) => void;
}) {
  const { create: w } = words;
  const client = useQueryClient();
  const status = useQuery(() => ({ ...queries.status(), enabled: props.open }));
  const [name, setName] = createSignal('');
  const [scope, setScope] = createSignal<'all' | 'some'>('all');
  const [tables, setTables] = createSignal<string[]>([]);
  const [compression, setCompression] = createSignal<Compression>('deflate');
  const [submitted, setSubmitted] = createSignal(false);
  const key = createIdempotencyKey();
  createEffect(
    on(
      () => props.open,
      (open) => {
        // An order with an unknown outcome keeps its form: sent again, it is the same order.
        if (!open || key.isLost || start.isPending) return;
        key.renew();
        start.reset();
        setSubmitted(false);
        setName('');
        setScope('all');
        setTables([]);
        setCompression('deflate');
      },
    ),
  );

  const nameError = () => backupNameFault(name());
  const tablesError = () => scope() === 'some' && tables().length === 0;
  const start = useMutation(() => ({
    // The request reports an equal backup that another tab, or another person, has just started.
    mutationFn: async (request: NewBackup) => (await api.backups.create.mutate(request)).data.operation,
    onSuccess(operation: Operation) {
      key.renew();
      showStarted(client, operation);
      announce(w.started);
      props.onClose();
      props.onStarted?.(operation);
    },
    onError: key.failed,
  }));
  const failure = () => (start.error ? failureOf(start.error) : null);
  const isTaken = () => failure()?.code === 'ALREADY_EXISTS' && start.variables?.name === name();
  const isSame = () => failure()?.details['same'] === true;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setSubmitted(true);
    if (nameError() || tablesError()) return focusInvalidField(event);
    begin(true);
  };
  const begin = (unlessSame: boolean) => {
    if (start.isPending) return;
    start.mutate({
      compression: compression(),
      idempotencyKey: key.current,
      unlessSame,
      ...(name() !== '' && { name: name() }),
      ...(scope() === 'some' && { tables: tables() }),
    });
  };
  const known = () => latestData(status)?.database?.tables ?? [];

  return (
    <Modal open={props.open} onClose={props.onClose} title={w.title} lead={w.lead}>
      <form class="space-y-5" novalidate onSubmit={submit}>
        <Show when={failure()}>
          {(known) => (
            <FailureNotice failure={known()}>
              <Show when={isSame()}>
                <Button class="mt-2" onClick={() => begin(false)}>
                  {w.another}
                </Button>
              </Show>
            </FailureNotice>
          )}
        </Show>
        <RadioGroup
          legend={w.tables}
          name="scope"
          value={scope()}
          onChange={setScope}
          options={[
            { value: 'all', label: w.allTables },
            { value: 'some', label: w.someTables, hint: w.someHint },
          ]}
        />
        <Show when={scope() === 'some'}>
          <TableChoice
            legend={w.choose}
            tables={known().map((table) => ({
              name: table.name,
              text: tableLabel(table.name),
              more: w.about(table.rows),
            }))}
            chosen={tables()}
            onChange={setTables}
            error={submitted() && tablesError() ? w.noTables : null}
          />
        </Show>
        <RadioGroup
          legend={w.compression}
          name="compression"
          value={compression()}
          onChange={setCompression}
          options={[
            { value: 'deflate', label: w.deflate, hint: w.deflateHint },
            { value: 'zstd', label: w.zstd, hint: w.zstdHint },
          ]}
        />
        <Field
          label={w.name}
          hint={w.nameHint(MAX_NAME_LENGTH)}
          maxlength={MAX_NAME_LENGTH}
          value={name()}
          onInput={setName}
          autocomplete="off"
          spellcheck={false}
          error={isTaken() ? (failure()?.message ?? null) : submitted() ? nameError() : null}
        />
        <ModalFooter>
          <Button onClick={() => props.onClose()}>{words.cancel}</Button>
          <Button type="submit" variant="primary" busy={start.isPending}>
            {start.isPending ? w.busy : w.submit}
          </Button>
        </ModalFooter>
      </form>
    </Modal>
  );
}
