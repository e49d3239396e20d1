import { faultCode, OWN_WORDS } from '../../db/connect/database-error.ts';
import { AppError } from '../core/errors.ts';

/** A function of the database that failed while a rule, a type, a generated column or an index called it. */
export interface FunctionFailure {
  /** Completes “… :” with the function's name and the failure. Holds no value. */
  text: string;
  hint: string;
}

/** Codes of names that are not found, of any kind. */
const NOT_FOUND = /^(3F000|42P01|42703|42704|42883)$/;
/** Codes that a function itself can run into, or raise. Missing rights are reported elsewhere. */
const INSIDE = /^(2F|3[89F]|42(?!501)|P0)/;
/** A stack frame of a function in the server's context text, in whatever language the server speaks. */
const FRAME = /^(?:PL\/|SQL)/m;
/** The function's own name, as PL/pgSQL gives it; the text of its statements stands elsewhere. */
const NAMED = /^PL\/\w+[ -]\S+ ([^\n]+?\)) /m;

/** Returns the function of the database that caused an error of one of our statements; null when none did. */
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
