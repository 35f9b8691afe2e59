import { type Clock, MillraceError, nearest, unreachable } from '@millrace/core';
import { type CatalogChange, type CatalogLog, type CatalogOrigin, type CatalogProjection, OwnCatalogLog } from './catalog-log.ts';
import { type Database, damaged } from './database.ts';
import { DefinitionSpace } from './definition-space.ts';
import type {
  CatalogReader,
  MaterializedViewDefinition,
  PipeDefinition,
  PipePluginDefinition,
  RelationKind,
  StreamDefinition,
  ViewDefinition,
} from './definitions.ts';
import { IngestMemory, type IngestResult, type IngestRow } from './ingest-memory.ts';
import { migrate } from './migrations.ts';
import { openDatabase } from './open-database.ts';
import { changeTo, type DefinitionOf, decodeRelation, type Relation } from './relation.ts';

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

/** What a name has come to stand for; undefined = nothing. */
export interface RelationChange {
  readonly name: string;
  readonly before: Relation | undefined;
  readonly after: Relation | undefined;
}

/**
 * The streams and views, the pipes and their plugins. Everything is held in memory, so that reads are synchronous; a write is durable in
 * the file before it is seen here. Writes run one after another. Streams and views of both kinds share their names, which are case-sensitive.
 *
 * It is its own until it {@link follow}s a log that servers share: then changes of others appear in it too, and its own are judged by
 * what it holds when the log has come to them.
 */
export class Catalog implements CatalogReader {
  readonly pipes: DefinitionSpace<PipeDefinition>;
  readonly pipePlugins: DefinitionSpace<PipePluginDefinition>;
  readonly #path: string;
  readonly #database: Database;
  readonly #ingests: IngestMemory;
  readonly #relations = new Map<string, Relation>();
  /** The version in which a name came to stand for what it does. */
  readonly #versions = new Map<string, number>();
  readonly #listeners: ((change: RelationChange) => void)[] = [];
  readonly #projection: CatalogProjection;
  #version = 0;
  #origin: CatalogOrigin | null;
  #log: CatalogLog = new OwnCatalogLog();
  #writes: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(path: string, database: Database, ingests: IngestMemory, origin: CatalogOrigin | null) {
    this.#path = path;
    this.#database = database;
    this.#ingests = ingests;
    this.#origin = origin;
    const write = (judge: () => CatalogChange) => this.#write(() => this.#log.write(judge));
    this.pipes = new DefinitionSpace(pipeNames, database, write);
    this.pipePlugins = new DefinitionSpace(pluginNames, database, write);
    const catalog = this;
    this.#projection = {
      get origin() {
        return catalog.#origin;
      },
      contents: () => [...[...this.#relations.values()].map(changeTo), ...this.pipePlugins.contents(), ...this.pipes.contents()],
      setOrigin: (changed) => this.#setOrigin(changed),
      apply: (changes) => this.#apply(changes),
    };
    void this.#log.open(this.#projection);
  }

  /** For {@link openCatalog}. */
  static async load(database: Database, options: CatalogOptions): Promise<Catalog> {
    const ingests = await database.rows<IngestRow>('SELECT id, result, at_ms AS atMs FROM ingests ORDER BY at_ms, rowid');
    const { clock, maxIngestIds = 100_000, ingestTtlMs = 86_400_000 } = options;
    const [origin] = await database.rows<CatalogOrigin>('SELECT cluster, next_offset AS nextOffset FROM origin');
    const memory = new IngestMemory(ingests, { clock, maxIds: maxIngestIds, ttlMs: ingestTtlMs });
    const catalog = new Catalog(options.path, database, memory, origin ?? null);
    for (const { name, kind, definition } of await database.rows<RelationRow>('SELECT name, kind, definition FROM relations ORDER BY name'))
      catalog.#relations.set(name, catalog.#decode({ space: 'relation', name, content: { kind, definition } }, decodeRelation)!);
    for (const space of [catalog.pipes, catalog.pipePlugins]) await space.load((change) => catalog.#decode(change, decodePlain));
    return catalog;
  }

  /**
   * Makes the catalog one of several that are made of the same log, for good. Called once, before it is written to.
   * @throws {MillraceError} what the log cannot begin with
   */
  async follow(log: CatalogLog): Promise<void> {
    await log.open(this.#projection);
    this.#log = log;
  }

  /** Resolves when it holds what others have made of it until now. @throws {MillraceError} KAFKA_* if that cannot be known */
  catchUp(): Promise<void> {
    return this.#log.catchUp();
  }

  /** The cluster whose log it was last made of; null if it is its own. */
  get cluster(): string | null {
    return this.#origin?.cluster ?? null;
  }

  /** Another one after each change. */
  get version(): number {
    return this.#version;
  }

  /** Calls back after each change, also those of others, in their order. */
  onChange(listener: (change: RelationChange) => void): void {
    this.#listeners.push(listener);
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
    return this.#put(() => {
      this.#expectFree(definition.name);
      return { kind: 'stream', definition };
    });
  }

  /** @throws {MillraceError} PLAN_STREAM_UNKNOWN. */
  updateStream(name: string, changes: StreamChanges): Promise<StreamDefinition> {
    return this.#update(name, 'stream', (definition) => ({ kind: 'stream', definition: { ...definition, ...changes } }));
  }

  /** Resolves to what was dropped. @throws {MillraceError} PLAN_STREAM_UNKNOWN (with the nearest name), STREAM_HAS_DEPENDENTS. */
  dropStream(name: string): Promise<StreamDefinition> {
    return this.#drop(name, 'stream');
  }

  /**
   * @param judgedBy the version by which the definition is right
   * @throws {MillraceError} PLAN_STREAM_EXISTS; PLAN_STREAM_UNKNOWN for something it depends on; CATALOG_CHANGED if that is another since then.
   */
  createView(definition: ViewDefinition, judgedBy = this.#version): Promise<void> {
    return this.#put(() => {
      this.#expectFree(definition.name);
      this.#expectAll(definition.dependsOn, judgedBy);
      return { kind: 'view', definition };
    });
  }

  /** Puts another view in the place of one of the same name. @throws {MillraceError} PLAN_STREAM_UNKNOWN, CATALOG_CHANGED. */
  replaceView(definition: ViewDefinition, judgedBy = this.#version): Promise<void> {
    return this.#put(() => {
      this.#expect(definition.name, 'view');
      this.#expectAll([...definition.dependsOn, definition.name], judgedBy);
      return { kind: 'view', definition };
    });
  }

  /** Resolves to what was dropped. @throws {MillraceError} PLAN_STREAM_UNKNOWN (with the nearest name), STREAM_HAS_DEPENDENTS. */
  dropView(name: string): Promise<ViewDefinition> {
    return this.#drop(name, 'view');
  }

  /**
   * @param judgedBy the version by which the definition is right
   * @throws {MillraceError} PLAN_STREAM_EXISTS; PLAN_STREAM_UNKNOWN for something it depends on; CATALOG_CHANGED if that is another since then.
   */
  createMaterializedView(definition: MaterializedViewDefinition, judgedBy = this.#version): Promise<void> {
    return this.#put(() => {
      this.#expectFree(definition.name);
      this.#expectAll([...definition.dependsOn, ...(definition.into === null ? [] : [definition.into])], judgedBy);
      return { kind: 'materialized view', definition };
    });
  }

  /**
   * @param judgedBy the version by which the changes are right
   * @throws {MillraceError} PLAN_STREAM_UNKNOWN for the view or something it depends on from now on; CATALOG_CHANGED if that is another
   *   since then, or the view, told by its id.
   */
  updateMaterializedView(name: string, changes: ViewChanges, judgedBy = this.#version): Promise<MaterializedViewDefinition> {
    return this.#update(name, 'materialized view', (definition) => {
      if (changes.id !== undefined && changes.id !== definition.id) throw changedMeanwhile('materialized view', name);
      if (changes.dependsOn !== undefined) this.#expectAll(changes.dependsOn, judgedBy);
      return { kind: 'materialized view', definition: { ...definition, ...changes } };
    });
  }

  /** Resolves to what was dropped. @throws {MillraceError} PLAN_STREAM_UNKNOWN (with the nearest name), STREAM_HAS_DEPENDENTS. */
  dropMaterializedView(name: string): Promise<MaterializedViewDefinition> {
    return this.#drop(name, 'materialized view');
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

  #decode<T>({ name, content }: CatalogChange, decode: (content: NonNullable<CatalogChange['content']>) => T): T | undefined {
    try {
      return content === null ? undefined : decode(content);
    } catch (cause) {
      const reason = `the definition of the ${content!.kind} ${JSON.stringify(name)} cannot be read: ${(cause as Error).message}`;
      throw damaged(this.#path, reason, { cause });
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

  async #setOrigin(origin: CatalogOrigin): Promise<void> {
    const sql = 'INSERT INTO origin (id, cluster, next_offset) VALUES (0, ?1, ?2) ON CONFLICT DO UPDATE SET cluster = ?1, next_offset = ?2';
    await this.#database.run(sql, [origin.cluster, origin.nextOffset]);
    this.#origin = origin;
  }

  async #apply(changes: readonly CatalogChange[]): Promise<void> {
    const applied: (() => void)[] = [];
    try {
      for (const change of changes) applied.push(await this.#applyOne(change));
    } finally {
      for (const tell of applied) tell();
    }
  }

  /** @returns tells those who listen */
  #applyOne(change: CatalogChange): Promise<() => void> {
    switch (change.space) {
      case 'relation':
        return this.#applyRelation(change);
      case 'pipe':
        return this.pipes.apply(change, this.#decode<PipeDefinition>(change, decodePlain));
      case 'pipe plugin':
        return this.pipePlugins.apply(change, this.#decode<PipePluginDefinition>(change, decodePlain));
      default:
        return unreachable(change.space);
    }
  }

  async #applyRelation(change: CatalogChange): Promise<() => void> {
    const { name, content } = change;
    const [before, after] = [this.#relations.get(name), this.#decode(change, decodeRelation)];
    if (content === null) await this.#database.run('DELETE FROM relations WHERE name = ?', [name]);
    else {
      const sql = 'INSERT INTO relations (name, kind, definition) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET kind = ?2, definition = ?3';
      await this.#database.run(sql, [name, content.kind, content.definition]);
    }
    this.#version++;
    if (after === undefined) this.#relations.delete(name);
    else this.#relations.set(name, after);
    this.#versions.set(name, this.#version);
    return () => {
      for (const listener of this.#listeners) listener({ name, before, after });
    };
  }

  /** @param judge is called when everything before has been applied, perhaps more than once */
  #put(judge: () => Relation): Promise<void> {
    return this.#write(() => this.#log.write(() => changeTo(judge())));
  }

  async #update<Kind extends RelationKind>(
    name: string,
    kind: Kind,
    change: (definition: DefinitionOf<Kind>) => Relation,
  ): Promise<DefinitionOf<Kind>> {
    let changed: Relation['definition'] | undefined;
    await this.#put(() => {
      const relation = change(this.#expect(name, kind));
      changed = relation.definition;
      return relation;
    });
    return changed as DefinitionOf<Kind>;
  }

  async #drop<Kind extends RelationKind>(name: string, kind: Kind): Promise<DefinitionOf<Kind>> {
    let dropped: Relation['definition'] | undefined;
    await this.#write(() =>
      this.#log.write(() => {
        dropped = this.#expect(name, kind);
        this.#expectNoDependents(kind, name);
        return { space: 'relation', name, content: null };
      }),
    );
    return dropped as DefinitionOf<Kind>;
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

  /** @throws if one of them is not there, or is another than it was when a statement was judged by it */
  #expectAll(names: readonly string[], judgedBy: number): void {
    for (const name of names) {
      if (!this.#relations.has(name)) throw this.#unknown('stream or view', name);
      if ((this.#versions.get(name) ?? 0) > judgedBy) throw changedMeanwhile(this.kindOf(name)!, name);
    }
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

const pipeNames = { space: 'pipe', table: 'pipes', existsCode: 'PIPE_EXISTS', unknownCode: 'PIPE_UNKNOWN' } as const;
const pluginNames = { space: 'pipe plugin', table: 'pipe_plugins', existsCode: 'PLUGIN_EXISTS', unknownCode: 'PLUGIN_UNKNOWN' } as const;

/** A definition that is JSON as it is. */
function decodePlain<Definition>({ definition }: NonNullable<CatalogChange['content']>): Definition {
  return JSON.parse(definition) as Definition;
}

function changedMeanwhile(kind: RelationKind, name: string): MillraceError {
  return new MillraceError('CATALOG_CHANGED', `the ${kind} ${name} was changed by another statement meanwhile`, {
    hint: 'run the statement again',
    details: { name, kind },
    retryable: true,
  });
}

function wrongKind(name: string, is: RelationKind, wanted: RelationKind): MillraceError {
  return new MillraceError('PLAN_STREAM_UNKNOWN', `${name} is a ${is}, not a ${wanted}`, {
    hint: `write DROP ${is === 'stream' ? 'STREAM' : 'VIEW'} ${name}`,
    details: { name },
  });
}
