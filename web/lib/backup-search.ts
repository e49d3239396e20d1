import type { BackupQuery } from '../api.ts';

/** The usual order of the list: newest first, whatever the origin. */
export const DEFAULT_SORT = 'madeAt desc';

/** Backups on one page of the list. */
export const PAGE_SIZE = 25;

/** The parameters in the list's address. */
export interface BackupSearch {
  [key: string]: string | undefined;
  search?: string;
  show?: string;
  sort?: string;
  page?: string;
}

const FILTERS: Readonly<Record<string, BackupQuery>> = {
  verified: { verified: true },
  unverified: { verified: false },
  pinned: { pinned: true },
  damaged: { damaged: true },
  partial: { kind: 'partial' },
  incomplete: { outcome: 'partial' },
  uploaded: { kind: 'uploaded' },
};

/** Converts the address into a query. Invalid parameters still give one the server understands. */
export function filterOf(
  { search, show = '', sort = DEFAULT_SORT, page = '1' }: BackupSearch,
  limit = PAGE_SIZE,
): BackupQuery {
  const number = /^[1-9]\d{0,4}$/.test(page) ? Number(page) : 1;
  const [key, order] = sort.split(' ');
  return {
    limit,
    offset: (number - 1) * limit,
    ...(search && { search: search.slice(0, 200) }),
    ...(Object.hasOwn(FILTERS, show) && FILTERS[show]),
    ...((key === 'madeAt' || key === 'size' || key === 'rows' || key === 'name') && { sort: key }),
    ...((order === 'asc' || order === 'desc') && { order }),
  };
}
