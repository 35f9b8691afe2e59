import { type Clock, MillraceError, nearest } from '@millrace/core';
import { type Database, damaged } from './database.ts';
import { decodeStream, decodeView, encodeDefinition } from './definition-codec.ts';
import type { CatalogReader, StreamDefinition, ViewDefinition } from './definitions.ts';
import { IngestMemory, type IngestResult, type IngestRow } from './ingest-memory.ts';
import { migrate } from './migrations.ts';
import { openDatabase } from './open-database.ts';

/** What {@link openCatalog} takes. */
export interface CatalogOptions {
  /** The file. Made if there is none; its directory must exist. */
  readonly path: string;
  readonly clock: Clock;
  /** How many ingest ids are remembered; the oldest go first. Default 100,000. */
  readonly maxIngestIds?: number;
  /** How long an ingest id is remembered, in ms. Default 24 hours. */
  readonly ingestTtlMs?: number;
}

/** What may change of a stream that exists. */
export type StreamChanges = Partial<Pick<StreamDefinition, 'topicId' | 'createdTopic' | 'partitions' | 'settings' | 'comment'>>;

/**
 * Opens the catalog file: checks it, brings it to the current format, and reads it whole. One process holds it at a time.
 * @throws {MillraceError} CATALOG_INVALID (damaged, not a catalog, or of a newer format), DIRECTORY_LOCKED, DISK_IO, DISK_FULL.
 */
export async function openCatalog(options: CatalogOptions): Promise<Catalog> {
  const database = await openDatabase(options.path, migrate);
  try {
    return await Catalog.load(database, options);
  } catch (error) {
    await database.close();
    throw error;
  }
}

interface RelationRow {
  readonly name: string;
  readonly kind: 'stream' | 'view';
  readonly definition: string;
}

/**
 * The streams and views. Everything is held in memory, so that reads are synchronous; a write is durable in the file before
 * it is seen here. Writes run one after another. Streams and views share their names, which are case-sensitive.
 */
export class Catalog implements CatalogReader {
  readonly #database: Database;
  readonly #ingests: IngestMemory;
  readonly #streams = new Map<string, StreamDefinition>();
  readonly #views = new Map<string, ViewDefinition>();
  #writes: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(database: Database, ingests: IngestMemory) {
    this.#database = database;
    this.#ingests = ingests;
  }

  /** For {@link openCatalog}. */
  static async load(database: Database, options: CatalogOptions): Promise<Catalog> {
    const ingests = await database.rows<IngestRow>('SELECT id, result, at_ms AS atMs FROM ingests ORDER BY at_ms, rowid');
    const { clock, maxIngestIds = 100_000, ingestTtlMs = 86_400_000 } = options;
    const catalog = new Catalog(database, new IngestMemory(ingests, { clock, maxIds: maxIngestIds, ttlMs: ingestTtlMs }));
    for (const row of await database.rows<RelationRow>('SELECT name, kind, definition FROM relations ORDER BY name'))
      catalog.#read(row, options.path);
    return catalog;
  }

  stream(name: string): StreamDefinition | undefined {
    return this.#streams.get(name);
  }

  view(name: string): ViewDefinition | undefined {
    return this.#views.get(name);
  }

  /** All streams by name. */
  streams(): StreamDefinition[] {
    return [...this.#streams.values()].sort(byName);
  }

  /** All views by name. */
  views(): ViewDefinition[] {
    return [...this.#views.values()].sort(byName);
  }

  /** All names of streams and views, sorted. */
  names(): string[] {
    return [...this.#streams.keys(), ...this.#views.keys()].sort();
  }

  /** The views that read a stream or view directly, sorted. */
  dependentsOf(name: string): string[] {
    return this.views()
      .filter((view) => view.dependsOn.includes(name))
      .map((view) => view.name);
  }

  /** The streams that read a topic, by name: DROP deletes the topic only under the last of them. */
  streamsOfTopic(topic: string): StreamDefinition[] {
    return this.streams().filter((stream) => stream.topic === topic);
  }

  /** @throws {MillraceError} PLAN_STREAM_EXISTS. */
  createStream(definition: StreamDefinition): Promise<void> {
    return this.#write(async () => {
      this.#expectFree(definition.name);
      await this.#insert('stream', definition);
      this.#streams.set(definition.name, definition);
    });
  }

  /** @throws {MillraceError} PLAN_STREAM_UNKNOWN. */
  updateStream(name: string, changes: StreamChanges): Promise<StreamDefinition> {
    return this.#write(async () => {
      const changed = { ...this.#expectStream(name), ...changes };
      await this.#database.run('UPDATE relations SET definition = ? WHERE name = ?', [encodeDefinition(changed), name]);
      this.#streams.set(name, changed);
      return changed;
    });
  }

  /** Resolves to what was dropped. @throws {MillraceError} PLAN_STREAM_UNKNOWN (with the nearest name), STREAM_HAS_DEPENDENTS. */
  dropStream(name: string): Promise<StreamDefinition> {
    return this.#write(async () => {
      const stream = this.#expectStream(name);
      this.#expectNoDependents('stream', name);
      await this.#delete(name);
      this.#streams.delete(name);
      return stream;
    });
  }

  /** @throws {MillraceError} PLAN_STREAM_EXISTS; PLAN_STREAM_UNKNOWN for something it depends on. */
  createView(definition: ViewDefinition): Promise<void> {
    return this.#write(async () => {
      this.#expectFree(definition.name);
      for (const source of definition.dependsOn)
        if (!this.#streams.has(source) && !this.#views.has(source)) throw this.#unknown('stream or view', source);
      await this.#insert('view', definition);
      this.#views.set(definition.name, definition);
    });
  }

  /** Resolves to what was dropped. @throws {MillraceError} PLAN_STREAM_UNKNOWN (with the nearest name), STREAM_HAS_DEPENDENTS. */
  dropView(name: string): Promise<ViewDefinition> {
    return this.#write(async () => {
      const view = this.#views.get(name);
      if (view === undefined) throw this.#streams.has(name) ? wrongKind(name, 'stream', 'view') : this.#unknown('view', name);
      this.#expectNoDependents('view', name);
      await this.#delete(name);
      this.#views.delete(name);
      return view;
    });
  }

  /** What was remembered for the id of an ingest request, if it is not too old. */
  recallIngest(id: string): IngestResult | undefined {
    return this.#ingests.recall(id);
  }

  /** Remembers the result of an ingest under the id that its client gave, so that a retry gets the same answer; durable when it resolves. */
  rememberIngest(id: string, result: IngestResult): Promise<void> {
    return this.#write(() => this.#ingests.remember(this.#database, id, result));
  }

  /** Waits for writes under way and closes the file; later writes are refused. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writes;
    await this.#database.close();
  }

  #read({ name, kind, definition }: RelationRow, path: string): void {
    try {
      if (kind === 'stream') this.#streams.set(name, decodeStream(definition));
      else this.#views.set(name, decodeView(definition));
    } catch (cause) {
      throw damaged(path, `the definition of the ${kind} ${JSON.stringify(name)} cannot be read: ${(cause as Error).message}`, { cause });
    }
  }

  /** Runs writes one after another, each after the one before has ended well or badly. */
  #write<T>(action: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new MillraceError('INTERNAL_INVARIANT', 'the catalog is closed'));
    const result = this.#writes.then(action);
    this.#writes = result.catch(() => undefined);
    return result;
  }

  #insert(kind: RelationRow['kind'], definition: StreamDefinition | ViewDefinition): Promise<number> {
    return this.#database.run('INSERT INTO relations (name, kind, definition) VALUES (?, ?, ?)', [
      definition.name,
      kind,
      encodeDefinition(definition),
    ]);
  }

  #delete(name: string): Promise<number> {
    return this.#database.run('DELETE FROM relations WHERE name = ?', [name]);
  }

  #expectFree(name: string): void {
    const kind = this.#streams.has(name) ? 'stream' : this.#views.has(name) ? 'view' : undefined;
    if (kind === undefined) return;
    throw new MillraceError('PLAN_STREAM_EXISTS', `the ${kind} ${name} exists already`, {
      hint: `drop it first, or write CREATE … IF NOT EXISTS`,
      details: { name, kind },
    });
  }

  #expectStream(name: string): StreamDefinition {
    const stream = this.#streams.get(name);
    if (stream === undefined) throw this.#views.has(name) ? wrongKind(name, 'view', 'stream') : this.#unknown('stream', name);
    return stream;
  }

  #expectNoDependents(kind: string, name: string): void {
    const dependents = this.dependentsOf(name);
    if (dependents.length === 0) return;
    throw new MillraceError('STREAM_HAS_DEPENDENTS', `the ${kind} ${name} is read by ${dependents.join(', ')}`, {
      hint: `drop ${dependents.length === 1 ? 'it' : 'them'} first: ${dependents.map((dependent) => `DROP VIEW ${dependent}`).join('; ')}`,
      details: { name, dependents },
    });
  }

  #unknown(what: string, name: string): MillraceError {
    const near = nearest(name, this.names());
    return new MillraceError('PLAN_STREAM_UNKNOWN', `unknown ${what} ${name}`, {
      hint: near === undefined ? undefined : `did you mean ${near}?`,
      details: { name },
    });
  }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function wrongKind(name: string, is: string, wanted: string): MillraceError {
  return new MillraceError('PLAN_STREAM_UNKNOWN', `${name} is a ${is}, not a ${wanted}`, {
    hint: `write DROP ${is.toUpperCase()} ${name}`,
    details: { name },
  });
}
