import { PLANNING_AS_BUILT, SESSION_SETTINGS } from '../../../db/connect/session-settings.ts';
import { quoteLiteral } from '../../../db/model/quote.ts';

/**
 * Returns the statements that give a `psql` script every setting of this program's working sessions. They skip settings
 * the server does not know yet, and stop the script, naming the setting, when one is refused.
 */
export function settingsSql(settings = SESSION_SETTINGS): string {
  const first = settings.flatMap(({ name, value }) =>
    // Set outside the block: psql must know client_encoding before it reads on, and a statement_timeout could end the
    // very block that sets all.
    name === 'client_encoding'
      ? [`\\encoding ${value}`]
      : name === 'statement_timeout'
        ? [`SET ${name} = ${value};`]
        : [],
  );
  const wanted = settings.map(
    ({ name, value, replaces: insteadOf }) => `      (${[name, value, insteadOf ?? ''].map(quoteLiteral).join(', ')})`,
  );
  return `\\set ON_ERROR_STOP on
${first.join('\n')}
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
  PERFORM ${PLANNING_AS_BUILT};
END $palace$;`;
}
