import { type CopyEncoding, copyEncoding } from '../../../db/connect/copy-encoding.ts';
import { qualifiedName, storedColumns } from '../../../db/model/model.ts';
import { quoteIdent, quoteLiteral, quoteName } from '../../../db/model/quote.ts';
import { lossesOf, lossText } from '../manifest/losses.ts';
import type { Manifest, ManifestEntry, ManifestTable } from '../manifest/manifest.ts';
import { mustExist } from '../manifest/must-exist.ts';
import { columnList } from './ddl.ts';
import { DOMAIN_CHECKS_OFF, DOMAIN_CHECKS_ON } from './domain-check-steps.ts';
import { namingColumns } from './naming-columns.ts';
import { oneLine } from './one-line.ts';
import {
  analyzeTables,
  CHECK_COUNTS,
  head,
  LINKS_AND_TRIGGERS_OFF,
  LINKS_AND_TRIGGERS_ON,
  REFUSE_ROWS,
} from './restore-steps.ts';

/**
 * Returns `restore.sql`, one transaction for `psql` in the folder of the unzipped archive; it stops at the first error.
 * It refuses non-empty tables, loads all chunks in load order without foreign keys and triggers, counts, and puts both
 * back exactly. Everything from the manifest is quoted, so that no name in it can become a command.
 */
export function restoreSql(manifest: Manifest): string {
  const tables = manifest.tables.map(
    (table) => `  (${table.rows}, ${quoteLiteral(quoteName(table)).trim()}::regclass)`,
  );
  return [
    head(namingColumns(manifest).length > 0),
    tables.length > 0 ? `INSERT INTO pg_temp.palace_tables (rows, id) VALUES\n${tables.join(',\n')};` : '',
    manifest.tables.length > 0
      ? `LOCK TABLE ${manifest.tables.map((table) => `ONLY ${quoteName(table)}`).join(', ')} IN ACCESS EXCLUSIVE MODE;`
      : '',
    LINKS_AND_TRIGGERS_OFF,
    DOMAIN_CHECKS_OFF,
    REFUSE_ROWS,
    ...loadTables(manifest),
    CHECK_COUNTS,
    LINKS_AND_TRIGGERS_ON,
    DOMAIN_CHECKS_ON,
    ...setSequences(manifest),
    'COMMIT;',
    manifest.tables.length > 0
      ? analyzeTables(manifest.tables.map((table) => quoteLiteral(quoteName(table)).trim()))
      : '',
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

/**
 * Returns the statements that set sequences. Those of tables outside the archive keep their position; one that
 * migrations may not make is reported when it is missing.
 */
function setSequences({ tables, sequences, unknown }: Manifest): string[] {
  const there = new Set(tables.map(qualifiedName));
  const unsure = new Set((unknown.sequences ?? []).map(qualifiedName));
  return sequences
    .filter(({ ownedBy }) => ownedBy === null || there.has(qualifiedName(ownedBy)))
    .map((sequence) => {
      const { lastValue, isCalled } = sequence;
      const name = quoteLiteral(quoteName(sequence)).trim();
      return unsure.has(qualifiedName(sequence)) || sequence.extension
        ? `SELECT COALESCE(pg_catalog.setval(pg_catalog.to_regclass(${name}), ${lastValue}, ${isCalled})::text, 'not there, and not set: ' || ${name}) AS setval;`
        : `SELECT pg_catalog.setval(${name}::regclass, ${lastValue}, ${isCalled});`;
    });
}

/**
 * Returns the commands that load the rows. Rows from a database without a declared encoding go unchanged into one like
 * it, and as UTF-8 into any other.
 */
function loadTables({ tables, entries, server }: Manifest): string[] {
  const load = (encoding: CopyEncoding) => tables.flatMap((table) => loadTable(table, entries, encoding));
  const asTheyAre = copyEncoding(server.encoding, server.encoding);
  if (asTheyAre === 'UTF8') return load('UTF8');
  return [
    `SELECT pg_catalog.getdatabaseencoding() = '${asTheyAre}' AS palace_as_they_are \\gset`,
    '\\if :palace_as_they_are',
    ...load(asTheyAre),
    '\\else',
    ...load('UTF8'),
    '\\endif',
  ];
}

function loadTable(table: ManifestTable, entries: ManifestEntry[], encoding: CopyEncoding): string[] {
  const chunks = entries.filter((entry) => entry.table?.schema === table.schema && entry.table.name === table.name);
  const columns = storedColumns(table).map((column) => column.name);
  const fitsOnOneLine = ![table.schema, table.name, ...columns].some((name) => /[\r\n]/.test(name));
  if (fitsOnOneLine)
    return chunks.map((chunk) => copyLine(`${quoteName(table)} (${columnList(columns)})`, chunk, encoding));
  return chunks.flatMap((chunk) => copyThroughTemporaryTable(table, columns, chunk, encoding));
}

/**
 * Returns one `\copy` command. A psql command is one line and expands no variables; the chunk's name holds only
 * letters, digits and `_%./`.
 */
function copyLine(target: string, chunk: ManifestEntry, encoding: CopyEncoding): string {
  const format = chunk.format === 'csv' ? 'format csv, header true' : 'format text';
  return `\\copy ${target} from '${chunk.name}' with (${format}, encoding '${encoding}')`;
}

/**
 * Loads a chunk through a temporary table with plain names, because psql's \copy cannot take a name with a line break.
 */
function copyThroughTemporaryTable(
  table: ManifestTable,
  columns: string[],
  chunk: ManifestEntry,
  encoding: CopyEncoding,
): string[] {
  const plain = columns.map((_, index) => `c${index + 1}`);
  const renamed = columns.map((name, index) => `${quoteIdent(name)} AS c${index + 1}`);
  return [
    `CREATE TEMPORARY TABLE palace_stand_in ON COMMIT DROP AS SELECT ${renamed.join(', ')} FROM ${quoteName(table)} WITH NO DATA;`,
    copyLine(`pg_temp.palace_stand_in (${plain.join(', ')})`, chunk, encoding),
    `INSERT INTO ${quoteName(table)} (${columnList(columns)}) OVERRIDING SYSTEM VALUE SELECT ${plain.join(', ')} FROM pg_temp.palace_stand_in;`,
    'DROP TABLE pg_temp.palace_stand_in;',
  ];
}

/** Returns `README.txt`, written for a person who finds the file in ten years without this program. */
export function readmeText(manifest: Manifest): string {
  const { metadata, application, server, tables } = manifest;
  const zstd = manifest.entries.some((entry) => entry.method === 'zstd');
  const rows = tables.map((table) => `  ${String(table.rows).padStart(14)}  ${oneLine(qualifiedName(table))}`);
  const warnings = manifest.warnings.map((warning) => `  - ${oneLine(warning)}`);
  const missing = [
    ...lossesOf(manifest).map((loss) => `  - ${oneLine(lossText(loss))}`),
    ...(manifest.withoutRows ?? []).map(
      (table) => `  - the rows of ${oneLine(qualifiedName(table))}, left out on purpose: ${oneLine(table.reason)}`,
    ),
    ...manifest.leftOut.map((table) => `  - ${oneLine(qualifiedName(table))}: ${oneLine(table.reason)}`),
  ];
  const needs = mustExist(manifest).map((need) => `     - ${oneLine(need)}`);
  return `A backup of the PostgreSQL database "${oneLine(server.database)}"
${'='.repeat(72)}

Made     ${metadata.timestamp} by ${oneLine(application.name)} ${oneLine(application.version)} (format ${manifest.formatVersion})
From     ${oneLine(metadata.databaseUrl)}, PostgreSQL ${oneLine(server.version)}, ${oneLine(server.encoding)}
Id       ${metadata.backupId}
Kind     ${manifest.kind}
Rows     ${metadata.totalRecords} in ${tables.length} tables, all of one moment

This file is an ordinary ZIP. data/ holds the rows as CSV (an empty value is NULL, "" is an empty text) or, in .copy files,
as PostgreSQL's COPY text. manifest.json says what everything is, with a SHA-256 of each file. The program checks all of
it; by hand you can do without.

To restore without the program
------------------------------
1. Unpack${zstd ? ' with bsdtar, or 7-Zip 24 or later (the rows are compressed with zstd, which `unzip` cannot read):' : ':'}
     ${zstd ? 'mkdir backup && bsdtar -xf backup.zip -C backup      (or: 7zz x backup.zip -obackup)' : 'unzip backup.zip -d backup'}
     cd backup
2. Make the tables, if the database has none. Better take the application's own migrations; these files hold tables, columns,
   keys, foreign keys, sequences and the functions these call, but no views, triggers, checks, grants or other indexes; a partitioned table
   becomes an ordinary one:
     createdb restored${needs.length > 0 ? `\n   What must be there first:\n${needs.join('\n')}` : ''}
     psql -X -v ON_ERROR_STOP=1 -d restored -f schema/0001.sql
     psql -X -v ON_ERROR_STOP=1 -d restored -f schema/0002.sql
3. Load the rows. The tables must be empty; it is one transaction: all or nothing.
     psql -X -d restored -f restore.sql

Rows by table
-------------
${rows.join('\n') || '  none'}

Not in this backup
------------------
${missing.join('\n') || '  Nothing that holds data.'}
  What holds no rows is never part of a backup: views, functions, triggers, comments, roles, grants, security labels, statistics,
  publications, subscriptions and event triggers. Migrations make these.

Warnings
--------
${warnings.join('\n') || '  None.'}
`;
}
