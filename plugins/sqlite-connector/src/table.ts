import type { Column, DeleteEvent, RowsEvent } from '@millrace/sdk';
import { ConstraintViolated, type Database } from './database.ts';
import { quoteName, quoteText } from './quote.ts';

export interface TableRules {
  /** Columns of the primary key: a row replaces the one that has the same; none = rows are appended. */
  readonly key: readonly string[];
  /** Column that takes the key of the record. */
  readonly recordKey: string | undefined;
  /** Whether the table, and columns that it lacks, are made. */
  readonly isMade: boolean;
}

/** A row that the table does not take; those before it are in. */
export interface Refused {
  readonly row: number;
  readonly message: string;
}

interface TableColumn {
  readonly name: string;
  readonly type: 'INTEGER' | 'REAL' | 'TEXT';
  /** Where its value stands in `[record key, row]`. */
  readonly path: string;
}

const int64Max = 2n ** 63n - 1n;

/** A table that takes rows. SQLite itself reads them from their JSON: one value to hand over, however many rows there are. */
export class Table {
  readonly #database: Database;
  readonly #name: string;
  readonly #rules: TableRules;
  /** Columns that are known to be there. */
  #made = '';

  constructor(database: Database, name: string, rules: TableRules) {
    this.#database = database;
    this.#name = name;
    this.#rules = rules;
  }

  /** One transaction: all rows, or those before one that is refused. */
  async write(event: RowsEvent): Promise<Refused | undefined> {
    const columns = this.#columnsOf(event.columns);
    const signature = JSON.stringify(columns);
    const refused = await this.#database.transaction(async () => {
      if (this.#rules.isMade && this.#made !== signature) await this.#make(columns);
      return this.#insert(event, columns);
    });
    this.#made = signature;
    return refused;
  }

  /** Deletes the row whose key is that of the record; nothing if there is none. */
  async delete({ key }: DeleteEvent): Promise<void> {
    const [column] = this.#rules.key;
    if (key === null || (await this.#existing()).length === 0) return;
    const statement = `DELETE FROM ${quoteName(this.#name)} WHERE ${quoteName(column!)} = ?`;
    await this.#database.transaction(() => this.#database.run(statement, [Buffer.from(key).toString()]));
  }

  #columnsOf(columns: readonly Column[]): TableColumn[] {
    const { recordKey, key } = this.#rules;
    const rows = columns.map(({ name, type }) => ({ name, type: storageOf(type), path: `$[1].${pathOf(name)}` }));
    const all = recordKey === undefined ? rows : [{ name: recordKey, type: 'TEXT' as const, path: '$[0]' }, ...rows];
    const missing = key.find((name) => !all.some((column) => column.name === name));
    if (missing !== undefined)
      throw new Error(`there is no column ${missing} to be the key; columns are ${all.map(({ name }) => name).join(', ')}`);
    return all;
  }

  async #make(columns: readonly TableColumn[]): Promise<void> {
    const { key } = this.#rules;
    const existing = await this.#existing();
    const declarations = columns.map(({ name, type }) => `${quoteName(name)} ${type}${key.includes(name) ? ' NOT NULL' : ''}`);
    if (existing.length === 0) {
      const primaryKey = key.length === 0 ? [] : [`PRIMARY KEY (${key.map(quoteName).join(', ')})`];
      return this.#database.run(`CREATE TABLE ${quoteName(this.#name)} (${[...declarations, ...primaryKey].join(', ')})`);
    }
    // SQLite's names know no case.
    const known = new Set(existing.map(({ name }) => name.toLowerCase()));
    for (const { name, type } of columns) {
      if (!known.has(name.toLowerCase()))
        await this.#database.run(`ALTER TABLE ${quoteName(this.#name)} ADD COLUMN ${quoteName(name)} ${type}`);
    }
  }

  #existing(): Promise<{ name: string }[]> {
    return this.#database.rows('SELECT name FROM pragma_table_info(?)', [this.#name]);
  }

  async #insert(event: RowsEvent, columns: readonly TableColumn[]): Promise<Refused | undefined> {
    const unfit = this.#firstUnfit(event);
    const end = unfit?.row ?? event.rowCount;
    const statement = this.#statement(columns);
    const rows = this.#rowsAsJson(event, end);
    await this.#database.script('SAVEPOINT event');
    try {
      await this.#database.run(statement, [`[${rows.join(',')}]`]);
      return unfit;
    } catch (error) {
      if (!(error instanceof ConstraintViolated)) throw error;
      // A trigger of the table's owner may have ended the transaction: there is no way on then.
      await this.#database.script('ROLLBACK TO event');
    }
    // One by one they show which it is.
    for (const [row, text] of rows.entries()) {
      try {
        await this.#database.run(statement, [`[${text}]`]);
      } catch (error) {
        if (!(error instanceof ConstraintViolated)) throw error;
        return { row, message: error.message };
      }
    }
    return unfit;
  }

  #rowsAsJson(event: RowsEvent, end: number): string[] {
    const keyed = this.#rules.recordKey !== undefined;
    return Array.from({ length: end }, (_, row) => {
      const key = keyed ? event.key(row) : null;
      return `[${key === null ? 'null' : JSON.stringify(Buffer.from(key).toString())},${event.json(row)}]`;
    });
  }

  #statement(columns: readonly TableColumn[]): string {
    const { key } = this.#rules;
    const names = columns.map(({ name }) => quoteName(name));
    const values = columns.map(({ path }) => `json_extract(value, ${quoteText(path)})`);
    const others = columns.filter(({ name }) => !key.includes(name)).map(({ name }) => `${quoteName(name)} = excluded.${quoteName(name)}`);
    const action = others.length === 0 ? 'NOTHING' : `UPDATE SET ${others.join(', ')}`;
    const conflict = key.length === 0 ? '' : ` ON CONFLICT (${key.map(quoteName).join(', ')}) DO ${action}`;
    // Without WHERE the parser takes ON for the beginning of a join.
    return `INSERT INTO ${quoteName(this.#name)} (${names.join(', ')}) SELECT ${values.join(', ')} FROM json_each(?) WHERE true${conflict}`;
  }

  /** What SQLite would store as something else without saying so. */
  #firstUnfit(event: RowsEvent): Refused | undefined {
    const unsigned = event.columns.filter(({ type }) => plainType(type) === 'uint64').map(({ name }) => event.column(name));
    const keys = this.#rules.key.filter((name) => name !== this.#rules.recordKey).map((name) => event.column(name));
    for (let row = 0; row < event.rowCount; row++) {
      const large = unsigned.find((column) => !column.isNull(row) && (column.value(row) as bigint) > int64Max);
      if (large !== undefined)
        return { row, message: `${large.name} = ${large.value(row)} is more than SQLite's integers hold (${int64Max})` };
      const empty = keys.find((column) => column.isNull(row));
      if (empty !== undefined) return { row, message: `${empty.name} is NULL, though it is the key` };
    }
    return undefined;
  }
}

function plainType(type: string): string {
  return type.replace(/^nullable\((.*)\)$/i, '$1').toLowerCase();
}

function storageOf(type: string): TableColumn['type'] {
  const plain = plainType(type);
  if (/^(u?int(8|16|32|64)|bool)$/.test(plain)) return 'INTEGER';
  return plain.startsWith('float') ? 'REAL' : 'TEXT';
}

function pathOf(column: string): string {
  if (column.includes('"')) throw new Error(`the column ${column} cannot be written into SQLite: its name holds a quotation mark`);
  return `"${column}"`;
}
