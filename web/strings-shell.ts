/** What the frame around the pages says beside their names: loaded after the first page. */
export const shellWords = {
  ended: {
    region: 'Finished operations',
    close: (title: string) => `Close: ${title}`,
    done: 'Done.',
  },
};
