import { A } from '@solidjs/router';
import { words } from '../strings/shared.ts';
import { pressable } from '../ui/button.tsx';
import { PageHead } from '../ui/card.tsx';

export function NotFound() {
  return (
    <>
      <PageHead title={words.notFound.title} lead={words.notFound.body} />
      <A href="/" class={pressable()}>
        {words.notFound.home}
      </A>
    </>
  );
}
