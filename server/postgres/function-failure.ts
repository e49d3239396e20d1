import { faultCode, OWN_WORDS } from '../../db/connect/database-error.ts';
import { AppError } from '../core/errors.ts';

/** A function of the database that failed while a rule, a type, a generated column or an index called it. */
export interface FunctionFailure {
  /** Completes “… :”: which function, and how. Holds no value. */
  text: string;
  hint: string;
}

/** Names that are not found, whatever they name. */
const NOT_FOUND = /^(3F000|42P01|42703|42704|42883)$/;
/** What a function itself can run into, or raise. A right that is missing is told elsewhere. */
const INSIDE = /^(2F|3[89F]|42(?!501)|P0)/;
/** The frames of a function in what the server says of the place, in whatever language it speaks. */
const FRAME = /^(?:PL\/|SQL)/m;
/** The function's own name, as PL/pgSQL tells it; the text of its statements stands elsewhere. */
const NAMED = /^PL\/\w+[ -]\S+ ([^\n]+?\)) /m;

/** Tells from an error of a statement of ours that a function of the database caused it; null when none did. */
export function functionFailure(thrown: unknown): FunctionFailure | null {
  const error = thrown instanceof AppError ? thrown.cause : thrown;
  const code = faultCode(error) ?? '';
  const where = (error as { where?: string } | null)?.where ?? '';
  if (!INSIDE.test(code) || !FRAME.test(where)) return null;
  const name = NAMED.exec(where)?.[1];
  const function_ = name === undefined ? 'a function of the database' : `the function ${name}`;
  if (!NOT_FOUND.test(code))
    return {
      text: `${function_} fails (SQLSTATE ${code})`,
      hint: `It must take the rows that are there, without any setting of the application. ${OWN_WORDS}`,
    };
  return {
    text: `${function_} does not find what it names (SQLSTATE ${code})`,
    hint: `Either that is gone, or the function finds it by the search path, of which a restore has none: let its owner run ALTER FUNCTION ${name ?? '…'} SET search_path = …; with the schemas of what it names.`,
  };
}
