import type { LucideProps } from 'lucide-solid';
import Activity from 'lucide-solid/icons/activity';
import Archive from 'lucide-solid/icons/archive';
import ArchiveRestore from 'lucide-solid/icons/archive-restore';
import HeartPulse from 'lucide-solid/icons/heart-pulse';
import House from 'lucide-solid/icons/house';
import KeyRound from 'lucide-solid/icons/key-round';
import ScrollText from 'lucide-solid/icons/scroll-text';
import type { Component } from 'solid-js';
import type { Person } from '../api.ts';
import { words } from '../strings/shared.ts';

/** A page that can be reached from everywhere. */
export interface NavItem {
  href: string;
  name: string;
  icon: Component<LucideProps>;
  /** The scope needed to see anything there. */
  scope: Person['scopes'][number];
}

const DAILY: readonly NavItem[] = [
  { href: '/', name: words.nav.overview, icon: House, scope: 'backups:read' },
  { href: '/backups', name: words.nav.backups, icon: Archive, scope: 'backups:read' },
  { href: '/restore', name: words.nav.restore, icon: ArchiveRestore, scope: 'backups:read' },
  { href: '/operations', name: words.nav.operations, icon: Activity, scope: 'operations:read' },
];
const OTHER: readonly NavItem[] = [
  { href: '/audit', name: words.nav.audit, icon: ScrollText, scope: 'audit:read' },
  { href: '/access', name: words.nav.access, icon: KeyRound, scope: 'tokens:manage' },
  { href: '/status', name: words.nav.status, icon: HeartPulse, scope: 'system:read' },
];

/** Returns the pages this person may see: those of daily use, and the others. */
export function navItemsFor({ scopes }: Person): { daily: NavItem[]; other: NavItem[] } {
  const isAllowed = ({ scope }: NavItem) => scopes.includes(scope);
  return { daily: DAILY.filter(isAllowed), other: OTHER.filter(isAllowed) };
}
