import { type Clock, MillraceError, nearest } from '@millrace/core';
import { type Database, damaged } from './database.ts';
import { decodeMaterializedView, decodeStream, decodeView, encodeDefinition } from './definition-codec.ts';
import type { CatalogReader, MaterializedViewDefinition, RelationKind, StreamDefinition, ViewDefinition } from './definitions.ts';
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

/** What may change of a materialized view that exists. */
export type ViewChanges = Partial<Omit<MaterializedViewDefinition, 'name' | 'createdAtMs'>>;

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
  readonly kind: RelationKind;
  readonly definition: string;
}

/** What a name stands for, and what it is. */
type Relation =
  | { readonly kind: 'stream'; readonly definition: StreamDefinition }
  | { readonly kind: 'view'; readonly definition: ViewDefinition }
  | { readonly kind: 'materialized view'; readonly definition: MaterializedViewDefinition };

/**
 * The streams and views. Everything is held in memory, so that reads are synchronous; a write is durable in the file before
 * it is seen here. Writes run one after another. Streams and views of both kinds share their names, which are case-sensitive.
 */
export class Catalog implements CatalogReader {
  readonly #database: Database;
  readonly #ingests: IngestMemory;
  readonly #relations = new Map<string, Relation>();
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

  /** What the name stands for, if anything. */
  kindOf(name: string): RelationKind | undefined {
    return this.#relations.get(name)?.kind;
  }

  stream(name: string): StreamDefinition | undefined {
    const relation = this.#relations.get(name);
    if (relation?.kind !== 'materialized view') return relation?.kind === 'stream' ? relation.definition : undefined;
    const { into, stream } = relation.definition;
    return into === null ? (stream ?? undefined) : this.stream(into);
  }

  view(name: string): ViewDefinition | undefined {
    const relation = this.#relations.get(name);
    return relation?.kind === 'view' ? relation.definition : undefined;
  }

  materializedView(name: string): MaterializedViewDefinition | undefined {
    const relation = this.#relations.get(name);
    return relation?.kind === 'materialized view' ? relation.definition : undefined;
  }

  /** All streams by name, without those of materialized views. */
  streams(): StreamDefinition[] {
    return this.#sorted().flatMap((relation) => (relation.kind === 'stream' ? [relation.definition] : []));
  }

  /** All plain views by name. */
  views(): ViewDefinition[] {
    return this.#sorted().flatMap((relation) => (relation.kind === 'view' ? [relation.definition] : []));
  }

  /** All materialized views by name. */
  materializedViews(): MaterializedViewDefinition[] {
    return this.#sorted().flatMap((relation) => (relation.kind === 'materialized view' ? [relation.definition] : []));
  }

  /** All names, sorted. */
  names(): string[] {
    return [...this.#relations.keys()].sort();
  }

  /** The views that read a stream or view directly, or write into it, sorted. */
  dependentsOf(name: string): string[] {
    return this.#sorted().flatMap(({ kind, definition }) => {
      if (kind === 'stream') return [];
      const isTarget = kind === 'materialized view' && definition.into === name;
      return isTarget || definition.dependsOn.includes(name) ? [definition.name] : [];
    });
  }

  /** The streams, those of materialized views too, that read a topic, by name: DROP deletes the topic only under the last of them. */
  streamsOfTopic(topic: string): StreamDefinition[] {
    const own = this.materializedViews().flatMap(({ stream }) => stream ?? []);
    return [...this.streams(), ...own].filter((stream) => stream.topic === topic);
  }

  /** @throws {MillraceError} PLAN_STREAM_EXISTS. */
  createStream(definition: StreamDefinition): Promise<void> {
    return this.#write(async () => {
      this.#expectFree(definition.name);
      await this.#insert({ kind: 'stream', definition });
    });
  }

  /** @throws {MillraceError} PLAN_STREAM_UNKNOWN. */
  updateStream(name: string, changes: StreamChanges): Promise<StreamDefinition> {
    return this.#write(async () => {
      const definition = { ...this.#expect(name, 'stream'), ...changes };
      await this.#update({ kind: 'stream', definition });
      return definition;
    });
  }

  /** Resolves to what was dropped. @throws {MillraceError} PLAN_STREAM_UNKNOWN (with the nearest name), STREAM_HAS_DEPENDENTS. */
  dropStream(name: string): Promise<StreamDefinition> {
    return this.#drop(name, 'stream');
  }

  /** @throws {MillraceError} PLAN_STREAM_EXISTS; PLAN_STREAM_UNKNOWN for something it depends on. */
  createView(definition: ViewDefinition): Promise<void> {
    return this.#write(async () => {
      this.#expectFree(definition.name);
      this.#expectAll(definition.dependsOn);
      await this.#insert({ kind: 'view', definition });
    });
  }

  /** Puts another view in the place of one of the same name. @throws {MillraceError} PLAN_STREAM_UNKNOWN. */
  replaceView(definition: ViewDefinition): Promise<void> {
    return this.#write(async () => {
      this.#expect(definition.name, 'view');
      this.#expectAll(definition.dependsOn);
      await this.#update({ kind: 'view', definition });
    });
  }

  /** Resolves to what was dropped. @throws {MillraceError} PLAN_STREAM_UNKNOWN (with the nearest name), STREAM_HAS_DEPENDENTS. */
  dropView(name: string): Promise<ViewDefinition> {
    return this.#drop(name, 'view');
  }

  /** @throws {MillraceError} PLAN_STREAM_EXISTS; PLAN_STREAM_UNKNOWN for something it depends on. */
  createMaterializedView(definition: MaterializedViewDefinition): Promise<void> {
    return this.#write(async () => {
      this.#expectFree(definition.name);
      this.#expectAll([...definition.dependsOn, ...(definition.into === null ? [] : [definition.into])]);
      await this.#insert({ kind: 'materialized view', definition });
    });
  }

  /** @throws {MillraceError} PLAN_STREAM_UNKNOWN. */
  updateMaterializedView(name: string, changes: ViewChanges): Promise<MaterializedViewDefinition> {
    return this.#write(async () => {
      const definition = { ...this.#expect(name, 'materialized view'), ...changes };
      await this.#update({ kind: 'materialized view', definition });
      return definition;
    });
  }

  /** Resolves to what was dropped. @throws {MillraceError} PLAN_STREAM_UNKNOWN (with the nearest name), STREAM_HAS_DEPENDENTS. */
  dropMaterializedView(name: string): Promise<MaterializedViewDefinition> {
    return this.#drop(name, 'materialized view');
  }

  /** @throws {MillraceError} PLAN_STREAM_UNKNOWN, STREAM_HAS_DEPENDENTS if a view of this kind could not be dropped now. */
  expectDroppable(name: string, kind: RelationKind): void {
    this.#expect(name, kind);
    this.#expectNoDependents(kind, name);
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
      this.#relations.set(name, decodeRelation(kind, definition));
    } catch (cause) {
      throw damaged(path, `the definition of the ${kind} ${JSON.stringify(name)} cannot be read: ${(cause as Error).message}`, { cause });
    }
  }

  #sorted(): Relation[] {
    return [...this.#relations.values()].sort((a, b) => (a.definition.name < b.definition.name ? -1 : 1));
  }

  /** Runs writes one after another, each after the one before has ended well or badly. */
  #write<T>(action: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new MillraceError('INTERNAL_INVARIANT', 'the catalog is closed'));
    const result = this.#writes.then(action);
    this.#writes = result.catch(() => undefined);
    return result;
  }

  async #insert(relation: Relation): Promise<void> {
    const { kind, definition } = relation;
    const row = [definition.name, kind, encodeDefinition(definition)];
    await this.#database.run('INSERT INTO relations (name, kind, definition) VALUES (?, ?, ?)', row);
    this.#relations.set(definition.name, relation);
  }

  async #update(relation: Relation): Promise<void> {
    const { name } = relation.definition;
    await this.#database.run('UPDATE relations SET definition = ? WHERE name = ?', [encodeDefinition(relation.definition), name]);
    this.#relations.set(name, relation);
  }

  #drop<Kind extends RelationKind>(name: string, kind: Kind): Promise<DefinitionOf<Kind>> {
    return this.#write(async () => {
      const definition = this.#expect(name, kind);
      this.#expectNoDependents(kind, name);
      await this.#database.run('DELETE FROM relations WHERE name = ?', [name]);
      this.#relations.delete(name);
      return definition;
    });
  }

  #expectFree(name: string): void {
    const kind = this.kindOf(name);
    if (kind === undefined) return;
    throw new MillraceError('PLAN_STREAM_EXISTS', `the ${kind} ${name} exists already`, {
      hint: `drop it first, or write CREATE … IF NOT EXISTS`,
      details: { name, kind },
    });
  }

  #expect<Kind extends RelationKind>(name: string, kind: Kind): DefinitionOf<Kind> {
    const relation = this.#relations.get(name);
    if (relation === undefined) throw this.#unknown(kind, name);
    if (relation.kind !== kind) throw wrongKind(name, relation.kind, kind);
    return relation.definition as DefinitionOf<Kind>;
  }

  #expectAll(sources: readonly string[]): void {
    for (const source of sources) if (!this.#relations.has(source)) throw this.#unknown('stream or view', source);
  }

  #expectNoDependents(kind: string, name: string): void {
    const dependents = this.dependentsOf(name);
    if (dependents.length === 0) return;
    const isTarget = this.materializedView(dependents[0]!)?.into === name;
    throw new MillraceError(
      'STREAM_HAS_DEPENDENTS',
      `the ${kind} ${name} is ${isTarget ? 'written' : 'read'} by ${dependents.join(', ')}`,
      {
        hint: `drop ${dependents.length === 1 ? 'it' : 'them'} first: ${dependents.map((dependent) => `DROP VIEW ${dependent}`).join('; ')}`,
        details: { name, dependents },
      },
    );
  }

  #unknown(what: string, name: string): MillraceError {
    const near = nearest(name, this.names());
    return new MillraceError('PLAN_STREAM_UNKNOWN', `unknown ${what} ${name}`, {
      hint: near === undefined ? undefined : `did you mean ${near}?`,
      details: { name },
    });
  }
}

type DefinitionOf<Kind extends RelationKind> = Extract<Relation, { kind: Kind }>['definition'];

function decodeRelation(kind: RelationKind, text: string): Relation {
  switch (kind) {
    case 'stream':
      return { kind, definition: decodeStream(text) };
    case 'view':
      return { kind, definition: decodeView(text) };
    case 'materialized view':
      return { kind, definition: decodeMaterializedView(text) };
  }
}

function wrongKind(name: string, is: RelationKind, wanted: RelationKind): MillraceError {
  return new MillraceError('PLAN_STREAM_UNKNOWN', `${name} is a ${is}, not a ${wanted}`, {
    hint: `write DROP ${is === 'stream' ? 'STREAM' : 'VIEW'} ${name}`,
    details: { name },
  });
}
