import { MillraceError } from '@millrace/core';
import { type Database, damaged } from './database.ts';

/** `Mlrc`: tells a catalog from other SQLite files. */
const applicationId = 0x4d6c7263;

/**
 * The steps from an empty file to the current format: step i leads from format i to i + 1. A step that was released is never
 * changed; a new format is a new step.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE relations (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('stream', 'view')),
    definition TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE ingests (
    id TEXT PRIMARY KEY,
    result TEXT NOT NULL,
    at_ms INTEGER NOT NULL
  ) STRICT;
  `,
  // Materialized views.
  `
  CREATE TABLE new_relations (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('stream', 'view', 'materialized view')),
    definition TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO new_relations SELECT name, kind, definition FROM relations;
  DROP TABLE relations;
  ALTER TABLE new_relations RENAME TO relations;
  `,
  // Catalogs that several servers share.
  `
  CREATE TABLE origin (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    cluster TEXT NOT NULL,
    next_offset INTEGER NOT NULL
  ) STRICT;
  `,
  // Pipes and their plugins.
  `
  CREATE TABLE pipes (name TEXT PRIMARY KEY, definition TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE pipe_plugins (name TEXT PRIMARY KEY, definition TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
];

/**
 * Brings a file to the current format, each step in a transaction of its own: a crash leaves it at one format or the next.
 * @throws {MillraceError} CATALOG_INVALID for a file of a newer format or of another program.
 */
export async function migrate(database: Database, path: string, steps: readonly string[] = migrations): Promise<void> {
  const format = await pragma(database, 'user_version');
  await expectOurs(database, path, format);
  if (format > steps.length) {
    throw new MillraceError(
      'CATALOG_INVALID',
      `${path} has format ${format}; this version of Millrace reads up to format ${steps.length}`,
      {
        hint: 'use the newer version of Millrace that wrote it',
        details: { path, format, supported: steps.length },
      },
    );
  }
  for (let next = format; next < steps.length; next++) {
    await database.script(
      `BEGIN IMMEDIATE; ${steps[next]} PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${next + 1}; COMMIT;`,
    );
  }
}

async function expectOurs(database: Database, path: string, format: number): Promise<void> {
  if ((await pragma(database, 'application_id')) === applicationId) return;
  const [{ tables }] = (await database.rows<{ tables: number }>('SELECT count(*) AS tables FROM sqlite_schema')) as [{ tables: number }];
  if (tables > 0 || format > 0) throw damaged(path, 'it is the SQLite database of another program');
}

async function pragma(database: Database, name: string): Promise<number> {
  const [row] = await database.rows<Record<string, number>>(`PRAGMA ${name}`);
  return row![name]!;
}
