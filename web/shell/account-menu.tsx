import { DropdownMenu } from '@kobalte/core/dropdown-menu';
import Check from 'lucide-solid/icons/check';
import CircleUser from 'lucide-solid/icons/circle-user';
import LogOut from 'lucide-solid/icons/log-out';
import { createSignal, For, Show } from 'solid-js';
import type { Person } from '../api.ts';
import { type Failure, failureOf } from '../lib/server/failure.ts';
import { useSignOut } from '../lib/server/session.ts';
import { words } from '../strings/shared.ts';
import { buttonClass } from '../ui/button.tsx';
import { FailureNotice } from '../ui/failure-notice.tsx';
import { keepTypingFocus, MENU_CLASS, MENU_ITEM_CLASS, menuMount } from '../ui/menu.tsx';
import { chooseTheme, type Theme, theme } from './theme.ts';

const THEMES: Theme[] = ['system', 'light', 'dark'];

/** Renders the menu of the signed-in person: theme and sign-out. */
export function AccountMenu(props: { me: Person }) {
  const signOut = useSignOut();
  const [failure, setFailure] = createSignal<Failure | null>(null);
  const leave = async () => {
    try {
      await signOut();
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  const email = () => props.me.email || props.me.actor;
  return (
    <div class="min-w-0">
      <Show when={failure()}>{(found) => <FailureNotice failure={found()} />}</Show>
      <DropdownMenu placement="top-start" gutter={6} modal={false}>
        <DropdownMenu.Trigger
          class={`${buttonClass('ghost')} max-w-full md:w-full md:justify-start md:px-3! md:text-xs`}
          aria-label={words.signedInAs(email())}
        >
          <CircleUser class="size-5 shrink-0" aria-hidden="true" />
          <span class="hidden min-w-0 text-left wrap-anywhere md:block">{breakAfterAt(email())}</span>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal mount={menuMount()}>
          <DropdownMenu.Content class={MENU_CLASS} onCloseAutoFocus={keepTypingFocus}>
            <p class="max-w-64 px-3 pt-1 pb-2 text-sm wrap-anywhere text-soft md:hidden">{breakAfterAt(email())}</p>
            <DropdownMenu.RadioGroup
              value={theme()}
              onChange={(value) => {
                const chosen = THEMES.find((one) => one === value);
                if (chosen) chooseTheme(chosen);
              }}
            >
              <DropdownMenu.GroupLabel class="px-3 py-1 text-xs text-soft">{words.theme.label}</DropdownMenu.GroupLabel>
              <For each={THEMES}>
                {(one) => (
                  <DropdownMenu.RadioItem value={one} class={MENU_ITEM_CLASS} closeOnSelect={false}>
                    <span class="size-4">
                      <DropdownMenu.ItemIndicator>
                        <Check class="size-4" aria-hidden="true" />
                      </DropdownMenu.ItemIndicator>
                    </span>
                    {words.theme[one]}
                  </DropdownMenu.RadioItem>
                )}
              </For>
            </DropdownMenu.RadioGroup>
            <DropdownMenu.Separator class="my-1 border-line" />
            <DropdownMenu.Item class={MENU_ITEM_CLASS} onSelect={() => void leave()}>
              <LogOut class="size-4" aria-hidden="true" />
              {words.signOut}
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu>
    </div>
  );
}

/** Lets a long address break after the @ rather than inside a word. */
function breakAfterAt(email: string) {
  const [who, ...where] = email.split(/(?<=@)/);
  return (
    <>
      {who}
      <wbr />
      {where.join('')}
    </>
  );
}
