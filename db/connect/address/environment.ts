import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Conninfo, ConninfoFault, parseConninfo } from './conninfo.ts';
import { readService } from './service-file.ts';
import { PARAMETERS, parameterFault } from './vocabulary.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that name a database by themselves; a stray PGUSER or PGSSLMODE does not. */
const NAMING = ['PGHOST', 'PGHOSTADDR', 'PGSERVICE', 'PGDATABASE'];

/** Returns the PG* variables that are set and affect a connection, for use in messages. */
export function settingVariables(env: Environment): string[] {
  const known = Object.values(PARAMETERS).flatMap(({ env: variable }) => (variable ? [variable] : []));
  return known.filter((variable) => Boolean(env[variable]));
}

/** Returns true when the PG* variables name a database. */
export function namesDatabase(env: Environment): boolean {
  return NAMING.some((name) => Boolean(env[name]));
}

/**
 * Completes a connection string in the order `psql` uses: the string first, then its service, then the PG* variables. Null builds one from
 * the variables alone; what the string says is kept as written. Throws a ConninfoFault that names the variable, or CONFIG_INVALID for a
 * service.
 */
export function completeConnection(text: string | null, env: Environment): string {
  const given: Conninfo = text === null ? new Map() : parseConninfo(text);
  const found: Conninfo = new Map();
  const add = (name: string, value: string | undefined) => {
    if (value && !given.has(name) && !found.has(name)) found.set(name, value);
  };
  const service = given.get('service') || env.PGSERVICE;
  if (service) {
    const files = serviceFiles(given.get('servicefile') || env.PGSERVICEFILE, env);
    for (const [name, value] of readService(service, files)) add(name, value);
  }
  for (const [name, { env: variable }] of Object.entries(PARAMETERS)) {
    // Our own connection names tell operators, and the program itself, which connection is which.
    if (variable && !['service', 'servicefile', 'application_name'].includes(name)) add(name, env[variable]);
  }
  for (const [name, value] of found) {
    const fault = parameterFault(name, value);
    if (fault !== null) throw new ConninfoFault(`is completed by ${PARAMETERS[name]?.env ?? name} and then ${fault}`);
  }
  return found.size === 0 && text !== null ? text : appended(text ?? 'postgresql:///', found);
}

function serviceFiles(named: string | undefined, env: Environment): string[] {
  const own = named || join(env.HOME || homedir(), '.pg_service.conf');
  const shared = env.PGSYSCONFDIR ? [env.PGSYSCONFDIR] : ['/etc/postgresql-common', '/etc/sysconfig/pgsql'];
  return [own, ...shared.map((folder) => join(folder, 'pg_service.conf'))];
}

function appended(text: string, found: Conninfo): string {
  if (!/^postgres(?:ql)?:\/\//i.test(text)) {
    const words = [...found].map(([name, value]) => `${name}='${value.replaceAll(/['\\]/g, '\\$&')}'`);
    return [text.trim(), ...words].join(' ');
  }
  const words = [...found].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  const afterCredentials = text.slice(text.lastIndexOf('@') + 1);
  const joint = /[?&]$/.test(afterCredentials) ? '' : afterCredentials.includes('?') ? '&' : '?';
  return `${text}${joint}${words}`;
}
