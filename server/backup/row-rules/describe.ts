import { AppError } from '../../core/errors.ts';
import type { BrokenByRows, RowRuleReport } from './check-rows.ts';

/** Returns the message for a person when all rows keep the rules that were checked. */
export function soundRows({ checked, rows, broken }: RowRuleReport): string {
  const what = `${checked} primary, unique and foreign ${checked === 1 ? 'key' : 'keys'} checked over ${rows.toLocaleString('en')} rows`;
  return broken.length === 0 ? `${what}: no row breaks one` : `${what}: rows break only what is NOT VALID`;
}

/** Returns the warnings of a check that found nothing to refuse. */
export function rowWarnings({ broken, unchecked, tellsRules }: RowRuleReport): string[] {
  return [
    ...broken.map((rule) => `${brokenText(rule)}.`),
    ...unchecked.map(({ table, rule, reason }) => `not checked: ${rule} of ${table}, because ${reason}.`),
    ...(tellsRules
      ? []
      : ['The archive does not tell collations, MATCH FULL and NOT VALID: text was compared byte by byte.']),
  ];
}

/**
 * Returns the error for an archive whose rows break valid rules. The code is LINKS_BROKEN when a foreign key is among them, else
 * RESTORE_REFUSED.
 */
export function rulesBroken(label: string, report: RowRuleReport): AppError {
  const stops = report.broken.filter(({ notValid }) => notValid !== true);
  const brokenForeignKeys = stops.filter(({ kind }) => kind === 'foreign key');
  const rules = stops.length === 1 ? 'a rule' : `${stops.length} rules`;
  const lines = [...stops.map(brokenText), ...rowWarnings({ ...report, broken: [] })];
  return new AppError(
    brokenForeignKeys.length > 0 ? 'LINKS_BROKEN' : 'RESTORE_REFUSED',
    [`${label} is undamaged, but its rows break ${rules} of their own tables.`, ...lines].join('\n'),
    {
      hint: 'A restore is refused where these rules are valid: drop them there, restore, correct the rows, and put them back.',
      details: { ...report },
    },
  );
}

function brokenText({ table, rule, kind, target, notValid, rows, keys }: BrokenByRows): string {
  const one = rows === 1;
  const repeat = `${one ? 'repeats' : 'repeat'} the key of another row`;
  const what = {
    'primary key': `${one ? 'has' : 'have'} no key or ${repeat}`,
    unique: repeat,
    'foreign key': `${one ? 'refers' : 'refer'} to no row of ${target}`,
  };
  const valid =
    notValid === null ? '; the archive does not say whether it is valid' : notValid ? ', which is NOT VALID' : '';
  const more = rows > keys.length ? '; …' : '';
  return `${one ? '1 row' : `${rows} rows`} of ${table} ${what[kind]} (${kind} ${rule}${valid}): ${keys.join('; ')}${more}`;
}
