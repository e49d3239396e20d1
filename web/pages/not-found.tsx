import { A } from '@solidjs/router';
import { words } from '../strings/shared.ts';
import { buttonClass } from '../ui/button.tsx';
import { PageHeading } from '../ui/card.tsx';

export function NotFound() {
  return (
    <>
      <PageHeading title={words.notFound.title} lead={words.notFound.body} />
      <A href="/" class={buttonClass()}>
        {words.notFound.home}
      </A>
    </>
  );
}
