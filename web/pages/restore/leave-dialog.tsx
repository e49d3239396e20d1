import type { BeforeLeaveEventArgs } from '@solidjs/router';
import { createSignal } from 'solid-js';
import { blockNavigation } from '../../lib/input/block-navigation.ts';
import { restoreWords } from '../../strings/restore.ts';
import { Button, ButtonRow } from '../../ui/button.tsx';
import { Modal } from '../../ui/modal.tsx';

const { upload: w } = restoreWords;

/** Asks before the page is left during an upload, and says what happens to the bytes already sent. */
export function LeaveDialog(props: { sending: boolean }) {
  const [leaving, setLeaving] = createSignal<BeforeLeaveEventArgs | null>(null);
  blockNavigation(() => props.sending, setLeaving);
  const stay = () => setLeaving(null);
  return (
    <Modal open={props.sending && leaving() !== null} onClose={stay} title={w.leave} lead={w.leaveLead}>
      <ButtonRow>
        <Button variant="danger-outline" onClick={() => leaving()?.retry(true)}>
          {w.leaveAnyway}
        </Button>
        <Button variant="primary" onClick={stay}>
          {w.stay}
        </Button>
      </ButtonRow>
    </Modal>
  );
}
