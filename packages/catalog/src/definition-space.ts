import { type ErrorCode, MillraceError, nearest } from '@millrace/core';
import type { CatalogChange, NameSpace } from './catalog-log.ts';
import type { Database } from './database.ts';
import type { PipeDefinition, PipePluginDefinition } from './definitions.ts';

/** What a name has come to stand for; undefined = nothing. */
export interface DefinitionChange<Definition> {
  readonly name: string;
  readonly before: Definition | undefined;
  readonly after: Definition | undefined;
}

/** What is called how, and with what code a name is refused. */
export interface SpaceNames {
  readonly space: Exclude<NameSpace, 'relation'>;
  readonly table: string;
  readonly existsCode: ErrorCode;
  readonly unknownCode: ErrorCode;
}

/** Puts a change in force, in the order of all changes of the catalog. `judge` is called when everything before has been applied, perhaps more than once. */
export type WriteChange = (judge: () => CatalogChange) => Promise<void>;

/**
 * Definitions that are plain JSON, by names of their own, which are case-sensitive. Held in memory, so that reads are synchronous;
 * durable in the file before they are seen here.
 */
export class DefinitionSpace<Definition extends PipeDefinition | PipePluginDefinition> {
  readonly #names: SpaceNames;
  readonly #database: Database;
  readonly #write: WriteChange;
  readonly #definitions = new Map<string, Definition>();
  readonly #listeners: ((change: DefinitionChange<Definition>) => void)[] = [];

  constructor(names: SpaceNames, database: Database, write: WriteChange) {
    this.#names = names;
    this.#database = database;
    this.#write = write;
  }

  get(name: string): Definition | undefined {
    return this.#definitions.get(name);
  }

  /** All, by name. */
  list(): Definition[] {
    return [...this.#definitions.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Calls back after each change, also those of others, in their order. */
  onChange(listener: (change: DefinitionChange<Definition>) => void): void {
    this.#listeners.push(listener);
  }

  /** @param mayBe throws why it may not; called when everything before has been applied, perhaps more than once. @throws {MillraceError} the code of a name that is taken */
  create(definition: Definition, mayBe: () => void = () => {}): Promise<void> {
    const { name } = definition;
    return this.#write(() => {
      if (this.#definitions.has(name)) throw this.#taken(name);
      mayBe();
      return this.#changeTo(definition);
    });
  }

  /**
   * Changes what is there by then.
   * @param change called perhaps more than once; may throw
   * @throws {MillraceError} the code of a name that is not there
   */
  async update(name: string, change: (definition: Definition) => Definition): Promise<Definition> {
    let changed: Definition | undefined;
    await this.#write(() => {
      changed = change(this.expect(name));
      return this.#changeTo(changed);
    });
    return changed!;
  }

  /** Resolves to what was dropped. @param mayBe as for {@link create}. @throws {MillraceError} the code of a name that is not there */
  async drop(name: string, mayBe: (definition: Definition) => void = () => {}): Promise<Definition> {
    let dropped: Definition | undefined;
    await this.#write(() => {
      dropped = this.expect(name);
      mayBe(dropped);
      return { space: this.#names.space, name, content: null };
    });
    return dropped!;
  }

  /** @throws {MillraceError} the code of a name that is not there, with the nearest one */
  expect(name: string): Definition {
    const definition = this.#definitions.get(name);
    if (definition !== undefined) return definition;
    const near = nearest(name, this.#definitions.keys());
    throw new MillraceError(this.#names.unknownCode, `there is no ${this.#names.space} ${name}`, {
      hint: near === undefined ? undefined : `did you mean ${near}?`,
      details: { name },
    });
  }

  /** For the catalog: reads what the file holds. */
  async load(decode: (change: CatalogChange) => unknown): Promise<void> {
    const { table, space } = this.#names;
    type Row = { readonly name: string; readonly definition: string };
    for (const { name, definition } of await this.#database.rows<Row>(`SELECT name, definition FROM ${table}`))
      this.#definitions.set(name, decode({ space, name, content: { kind: space, definition } }) as Definition);
  }

  /** For the catalog: what would make it as it is. */
  contents(): CatalogChange[] {
    return this.list().map((definition) => this.#changeTo(definition));
  }

  /** For the catalog: puts a change in force. @returns tells those who listen */
  async apply({ name, content }: CatalogChange, after: Definition | undefined): Promise<() => void> {
    const { table } = this.#names;
    if (content === null) await this.#database.run(`DELETE FROM ${table} WHERE name = ?`, [name]);
    else {
      const sql = `INSERT INTO ${table} (name, definition) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET definition = ?2`;
      await this.#database.run(sql, [name, content.definition]);
    }
    const before = this.#definitions.get(name);
    if (after === undefined) this.#definitions.delete(name);
    else this.#definitions.set(name, after);
    return () => {
      for (const listener of this.#listeners) listener({ name, before, after });
    };
  }

  #changeTo(definition: Definition): CatalogChange {
    const { space } = this.#names;
    return { space, name: definition.name, content: { kind: space, definition: JSON.stringify(definition) } };
  }

  #taken(name: string): MillraceError {
    const { space, existsCode } = this.#names;
    return new MillraceError(existsCode, `the ${space} ${name} exists already`, {
      hint: 'drop it first, or write CREATE … IF NOT EXISTS',
      details: { name },
    });
  }
}
