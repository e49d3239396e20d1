import { A } from '@solidjs/router';
import type { NavItem } from './nav-items.ts';

/** Renders the link to a page of the panel. `row`: on a phone, too, as in a list, with the name beside the icon. */
export function NavLink(props: { item: NavItem; row?: boolean }) {
  return (
    <li class="min-w-0 flex-1">
      <A
        href={props.item.href}
        end={props.item.href === '/'}
        class={`flex items-center font-medium md:min-h-10 md:flex-row md:justify-start md:gap-3 md:rounded-lg md:px-3 md:text-sm ${props.row ? 'min-h-11 gap-3 rounded-lg px-3 text-sm' : 'min-h-14 flex-col justify-center gap-1 text-xs'}`}
        activeClass={`text-brand md:bg-brand-wash ${props.row ? 'bg-brand-wash' : ''}`}
        inactiveClass="text-soft hover:text-ink md:hover:bg-sunk"
      >
        <props.item.icon class="size-5 shrink-0" aria-hidden="true" />
        {props.item.name}
      </A>
    </li>
  );
}
