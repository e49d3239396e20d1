import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Conninfo, ConninfoFault, parseConninfo } from './conninfo.ts';
import { readService } from './service-file.ts';
import { PARAMETERS, parameterFault } from './vocabulary.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that by themselves say which database is meant; a stray PGUSER or PGSSLMODE does not. */
const NAMING = ['PGHOST', 'PGHOSTADDR', 'PGSERVICE', 'PGDATABASE'];

/** Returns the variables of PostgreSQL's own programs that are set and say something of a connection, for messages. */
export function settingVariables(env: Environment): string[] {
  const known = Object.values(PARAMETERS).flatMap(({ env: variable }) => (variable ? [variable] : []));
  return known.filter((variable) => Boolean(env[variable]));
}

/** Whether the variables of PostgreSQL's own programs name a database. */
export function namesDatabase(env: Environment): boolean {
  return NAMING.some((name) => Boolean(env[name]));
}

/**
 * Completes a connection string by its service and by the PG* variables, in the order of `psql`: the string first, then the service, then
 * the variables. Null makes one of the variables alone. What the string says stays as it is written. Throws a ConninfoFault whose message names the
 * variable, or CONFIG_INVALID for a service.
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
    // The names our connections bear tell operators, and the program itself, which of them is which.
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
