import { quoteLiteral } from '../../db/quote.ts';
import { SESSION_SETTINGS } from '../../db/session-settings.ts';

/**
 * Returns the statements by which a script for `psql` has every setting that a working session of this program has. They pass over
 * what a server does not know yet, and stop the script, naming it, at a setting that is not taken.
 */
export function settingsSql(): string {
  const wanted = SESSION_SETTINGS.map(
    ({ name, value, insteadOf }) => `      (${[name, value, insteadOf ?? ''].map(quoteLiteral).join(', ')})`,
  );
  return `\\set ON_ERROR_STOP on
\\encoding UTF8
SET statement_timeout = 0;
SET search_path = '';
SET client_min_messages = warning;
DO $palace$
DECLARE
  one record;
  found text;
BEGIN
  FOR one IN
    SELECT * FROM (VALUES
${wanted.join(',\n')}
    ) AS wanted(name, value, instead)
  LOOP
    found := pg_catalog.current_setting(one.name, true);
    IF found <> one.value AND one.instead IN ('', found) THEN
      PERFORM pg_catalog.set_config(one.name, one.value, false);
      IF pg_catalog.current_setting(one.name) <> one.value THEN
        RAISE EXCEPTION 'The setting % must be "%" and stays "%"; nothing was changed.', one.name, one.value, found;
      END IF;
    END IF;
  END LOOP;
END $palace$;`;
}
