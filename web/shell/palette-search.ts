/** Whether a name holds every word that is looked for, wherever; capitals do not matter. */
export function matchesAll(name: string, sought: string): boolean {
  const within = name.toLocaleLowerCase('en');
  return sought
    .toLocaleLowerCase('en')
    .split(/\s+/)
    .every((word) => within.includes(word));
}
