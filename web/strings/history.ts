/** The texts of the days of backups, loaded with them. */
export const historyWords = {
  lead: (days: number) => `The last ${days} days, up to today.`,
  caption: 'Backups by day',
  states: { good: 'Complete', partial: 'Incomplete', failed: 'Failed', none: 'No backup' },
  day: (day: string, state: string) => `${day}: ${state}`,
  sizes: 'Size and duration',
};
