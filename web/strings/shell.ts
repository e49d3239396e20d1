import { amountText } from '../lib/format.ts';

/** The texts of the frame besides the page names, loaded after the first page. */
export const shellWords = {
  ended: {
    region: 'Finished operations',
    close: (title: string) => `Close: ${title}`,
    done: 'Done.',
  },
  palette: {
    label: 'Page, action or backup',
    places: 'Pages',
    actions: 'Actions',
    upload: 'Upload a backup file',
    theme: (name: string) => `Theme: ${name.toLowerCase()}`,
    slashOff: 'Turn off the / key for search',
    slashOn: 'Turn on the / key for search',
    nothing: (text: string) => `No matches for “${text}”.`,
    found: (count: number) => amountText(count, 'match', 'matches'),
    keys: '↑ ↓ to move, Enter to choose, Esc to close. / goes to the search of a page.',
  },
};
