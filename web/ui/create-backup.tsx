import { useMutation, useQuery, useQueryClient } from '@tanstack/solid-query';
import { createEffect, createSignal, on, Show } from 'solid-js';
import { api, type NewBackup, type Operation } from '../api.ts';
import { showFault } from '../lib/input/show-fault.ts';
import { tableText } from '../lib/operations.ts';
import { say } from '../lib/say.ts';
import { answerOf } from '../lib/server/answer.ts';
import { failureOf } from '../lib/server/failure.ts';
import { createOrderKey } from '../lib/server/order-key.ts';
import { began, queries } from '../lib/server/queries.ts';
import { words } from '../strings/shared.ts';
import { Button } from './button.tsx';
import { FailureNotice } from './failure-notice.tsx';
import { Field } from './forms/field.tsx';
import { Options } from './forms/options.tsx';
import { TableChoice } from './forms/table-choice.tsx';
import { Modal, ModalEnd } from './modal.tsx';

/** The names the server accepts. */
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
const NAME_MOST = 191;
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
  const [tried, setTried] = createSignal(false);
  const key = createOrderKey();
  createEffect(
    on(
      () => props.open,
      (open) => {
        // An order with an unknown outcome keeps its form: sent again, it is the same order.
        if (!open || key.isLost || start.isPending) return;
        key.renew();
        start.reset();
        setTried(false);
        setName('');
        setScope('all');
        setTables([]);
        setCompression('deflate');
      },
    ),
  );

  const nameFault = () => (name() !== '' && !NAME.test(name()) ? w.nameWrong : null);
  const tablesFault = () => scope() === 'some' && tables().length === 0;
  const start = useMutation(() => ({
    // The request reports an equal backup that another tab, or another person, has just started.
    mutationFn: async (order: NewBackup) => (await api.backups.create.mutate(order)).data.operation,
    onSuccess(operation: Operation) {
      key.renew();
      began(client, operation);
      say(w.started);
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
    setTried(true);
    if (nameFault() || tablesFault()) return showFault(event);
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
  const known = () => answerOf(status)?.database?.tables ?? [];

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
        <Options
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
              text: tableText(table.name),
              more: w.about(table.rows),
            }))}
            chosen={tables()}
            onChange={setTables}
            fault={tried() && tablesFault() ? w.noTables : null}
          />
        </Show>
        <Options
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
          hint={w.nameHint(NAME_MOST)}
          maxlength={NAME_MOST}
          value={name()}
          onInput={setName}
          autocomplete="off"
          spellcheck={false}
          fault={isTaken() ? (failure()?.message ?? null) : tried() ? nameFault() : null}
        />
        <ModalEnd>
          <Button onClick={() => props.onClose()}>{words.cancel}</Button>
          <Button type="submit" look="primary" busy={start.isPending}>
            {start.isPending ? w.busy : w.submit}
          </Button>
        </ModalEnd>
      </form>
    </Modal>
  );
}
