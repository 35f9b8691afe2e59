import { a, BadRecord, defineConnector } from '@millrace/sdk';
import { Database } from './database.ts';
import { Table, type TableRules } from './table.ts';

interface Resource {
  readonly database: Database;
  readonly table: string;
  readonly rules: TableRules;
  readonly deletesRows: boolean;
  readonly tables: Map<string, Table>;
}

const journalModes = { wal: 'WAL', delete: 'DELETE' } as const;

export default defineConnector({
  name: 'sqlite-connector',
  summary: 'Writes rows into tables of an SQLite file, one transaction an event; with a key each row replaces the one before it.',
  attributes: a.object({
    file: a.string().describe('the database; made if it is not there').example('/var/lib/out/plant.db'),
    table: a.string().describe("table to write to; {stream} is replaced by the stream's name").default('{stream}'),
    key: a
      .list(a.string())
      .describe('columns of the primary key: a row replaces the one that has the same; without it rows are appended')
      .example('device')
      .optional(),
    'record-key': a.string().describe("column that takes the record's key as text; it may be the `key`").example('id').optional(),
    create: a.boolean().describe('make the table, and columns that it lacks').default('true'),
    deletions: a
      .choice('delete', 'ignore')
      .describe("what becomes of deletions: the row whose `key` (one column) is the record's key goes, or nothing happens")
      .default('delete'),
    journal: a.choice('wal', 'delete').describe('journal mode of the file; with wal others may read while it is written').default('wal'),
    'busy.timeout': a.duration({ max: 60_000 }).describe('how long to wait while another process writes').default('5s'),
  }),
  async open({ attributes }): Promise<Resource> {
    const { file, table, key = [], create, deletions, journal } = attributes;
    const database = await Database.open(file, attributes['busy.timeout']);
    try {
      await database.script(`PRAGMA journal_mode = ${journalModes[journal]}; PRAGMA synchronous = FULL`);
    } catch (error) {
      await database.close();
      throw error;
    }
    const rules = { key, recordKey: attributes['record-key'], isMade: create };
    return { database, table, rules, deletesRows: deletions === 'delete' && key.length === 1, tables: new Map() };
  },
  async heartbeat({ database }) {
    await database.rows('SELECT 1');
  },
  async transfer(resource, event) {
    const refused = await tableOf(resource, event.stream).write(event);
    if (refused !== undefined) throw new BadRecord(refused.row, refused.message);
  },
  async delete(resource, event) {
    if (resource.deletesRows) await tableOf(resource, event.stream).delete(event);
  },
  async close({ database }) {
    await database.close();
  },
});

function tableOf({ database, table, rules, tables }: Resource, stream: string): Table {
  const name = table.replaceAll('{stream}', () => stream);
  const found = tables.get(name) ?? new Table(database, name, rules);
  tables.set(name, found);
  return found;
}
