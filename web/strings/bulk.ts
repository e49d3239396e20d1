import { amountText } from '../lib/format.ts';

const NAMES = { verify: 'Verify', pin: 'Pin', unpin: 'Unpin', download: 'Download', remove: 'Delete' };
const backups = (count: number) => amountText(count, 'backup');

/** The texts for actions on several backups at once. */
export const bulkWords = {
  chooseAll: 'Select all shown',
  choose: (name: string) => `Select ${name}`,
  toolbar: 'Selected backups',
  chosen: (count: number) => `${count} selected`,
  said: (count: number) => (count === 0 ? 'Nothing selected.' : `${backups(count)} selected.`),
  names: NAMES,
  title: {
    verify: (count: number) => `Verify ${backups(count)}`,
    pin: (count: number) => `Pin ${backups(count)}`,
    unpin: (count: number) => `Unpin ${backups(count)}`,
    download: (count: number) => `Download ${backups(count)}`,
    remove: (count: number) => `Delete ${backups(count)}`,
  },
  lead: {
    verify: 'Every byte of each file is read, one backup after the other. It goes on if you close this.',
    pin: 'A pinned backup cannot be deleted.',
    unpin: 'They can be deleted again then.',
    download: 'Each is saved as a file of its own. Your browser may ask whether this page may save several.',
    remove: 'The files are deleted from the storage permanently. This cannot be undone.',
  },
  list: 'Selected backups and what became of each',
  pinned: 'Pinned, so it is kept.',
  everything: 'These are all the backups there are.',
  type: (count: number) => `To confirm, type: ${phrase(count)}`,
  phrase,
  wrong: (count: number) => `Type exactly: ${phrase(count)}`,
  password: 'Confirm your password',
  nothing: 'There is nothing to do for the selected backups.',
  busy: (done: number, all: number) => `${done} of ${all} done`,
  rest: (count: number) => `Try ${count} again`,
  outcome: {
    verify: { queued: 'Waiting', running: 'Verifying', succeeded: 'Every byte is correct.', cancelled: 'Cancelled' },
    pin: 'Pinned.',
    unpin: 'Unpinned.',
    download: 'Given to your browser.',
    remove: 'Deleted.',
    working: 'Working',
  },
  again: 'Save again',
  verifying: (ended: number, all: number) => `${ended} of ${all} verified so far.`,
  verified: (good: number, others: number) =>
    others === 0 ? `Every byte of ${backups(good)} is correct.` : `Correct: ${good}. Not verified: ${others}.`,
  summary: (done: number, failed: number) =>
    failed === 0 ? `Done: ${backups(done)}.` : `Done: ${backups(done)}. Failed: ${backups(failed)}.`,
};

function phrase(count: number): string {
  return `delete ${backups(count)}`;
}
