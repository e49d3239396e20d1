import { accessWords as w } from '../../strings/access.ts';
import { PageHeading } from '../../ui/card.tsx';
import { SessionList } from './session-list.tsx';
import { TokenList } from './token-list.tsx';
import { Emergency, TokenUse } from './token-use.tsx';

/** Renders the page of access: who is signed in, and the services that may use the server. */
export function Access() {
  return (
    <>
      <PageHeading title={w.title} lead={w.lead} />
      <div class="space-y-4">
        <SessionList />
        <TokenList />
        <TokenUse />
        <Emergency />
      </div>
    </>
  );
}
