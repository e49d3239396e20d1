import type { Status } from '../../api.ts';
import { bytesText, countText, utcText } from '../../lib/format.ts';
import { statusWords as w } from '../../strings/status.ts';
import type { Check, ClientFacts } from './health.ts';

/**
 * Returns the whole status as plain text, to send to a helper. Names and numbers only: the server sends no secrets, and none is added.
 * Pure.
 */
export function statusReport(status: Status, checks: readonly Check[], here: ClientFacts, browser: string): string {
  const lines = [
    `${w.program} ${status.version}, ${utcText(here.now)}`,
    '',
    ...factsOf(status, browser).map(([name, value]) => `${name}: ${value}`),
    `${w.since}: ${utcText(new Date(status.startedAt))}`,
    '',
    ...checks.flatMap(({ name, state, text, hint }) => [
      `[${w.states[state]}] ${name}: ${text}`,
      ...(hint === null ? [] : [`    ${hint}`]),
    ]),
  ];
  if (status.recommendations.length > 0) {
    lines.push('', `${w.recommended}:`, ...status.recommendations.map(({ code, message }) => `  ${code}: ${message}`));
  }
  if (status.troubles.length > 0) {
    lines.push('', `${w.troubles}:`);
    for (const { part, code, message } of status.troubles) lines.push(`  ${part}: ${code}: ${message}`);
  }
  if (status.database) {
    lines.push('', `${w.tables}:`);
    for (const { name, rows, bytes } of status.database.tables)
      lines.push(`  ${name}: ${rows === null ? w.notCounted : countText(rows)}${bytes ? `, ${bytesText(bytes)}` : ''}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Returns versions and locations, each with its name. */
export function factsOf(status: Status, browser: string): [name: string, value: string][] {
  return [
    [w.program, status.version],
    [w.runtime, status.runtime],
    ...(status.database
      ? ([
          [w.server, `PostgreSQL ${status.database.version}`],
          [w.name, status.database.name],
        ] satisfies [string, string][])
      : []),
    [w.address, status.databaseAddress],
    [w.memory, memoryText(status.memory.answering)],
    ...(status.memory.worker
      ? ([[w.workerMemory, memoryText(status.memory.worker)]] satisfies [string, string][])
      : []),
    [w.browser, browser],
  ];
}

/** Formats a process's memory and its limit; past that its work fails, not the server. */
function memoryText({ bytes, limitBytes }: Status['memory']['answering']): string {
  return w.memoryOf(bytesText(bytes), bytesText(limitBytes));
}
