import type { ObjectKind } from './definitions.ts';

/** Streams and views share their names; pipes, and plugins of pipes, have names of their own. */
export type NameSpace = 'relation' | 'pipe' | 'pipe plugin';

/** What a name stands for from now on. */
export interface CatalogChange {
  readonly space: NameSpace;
  readonly name: string;
  /** Its kind, and its definition as the catalog's file keeps it; null = the name is free. */
  readonly content: { readonly kind: ObjectKind; readonly definition: string } | null;
}

/** Whose catalog a file holds. */
export interface CatalogOrigin {
  readonly cluster: string;
  /** All before this offset of the cluster's log is in the file. */
  readonly nextOffset: number;
}

/** A catalog as its log sees it: made of changes, one after another. */
export interface CatalogProjection {
  /** The cluster that it was last made of; null if it is its own. */
  readonly origin: CatalogOrigin | null;
  /** All that it holds. */
  contents(): CatalogChange[];
  /** Durable when it resolves. */
  setOrigin(origin: CatalogOrigin): Promise<void>;
  /**
   * Puts changes in force, each durable and then seen; who listens hears of them when all of them are seen.
   * @throws {MillraceError} CATALOG_INVALID, DISK_FULL, DISK_IO; then those before the one that failed are in force
   */
  apply(changes: readonly CatalogChange[]): Promise<void>;
}

/** Gives changes of a catalog their order. */
export interface CatalogLog {
  /** Makes the projection what the log says, and keeps it so. */
  open(projection: CatalogProjection): Promise<void>;
  /**
   * Makes a change. `judge` is called when everything before it has been applied, and perhaps again: it gives the change, or throws
   * why it may not be. Called one after another. Resolves when the change has been applied here.
   */
  write(judge: () => CatalogChange): Promise<void>;
  /** Resolves when everything is applied here that was in force when this was called, whoever has written it. */
  catchUp(): Promise<void>;
}

/** The log of a catalog that is nobody else's: the file alone is the truth. */
export class OwnCatalogLog implements CatalogLog {
  #projection!: CatalogProjection;

  open(projection: CatalogProjection): Promise<void> {
    this.#projection = projection;
    return Promise.resolve();
  }

  async write(judge: () => CatalogChange): Promise<void> {
    await this.#projection.apply([judge()]);
  }

  catchUp(): Promise<void> {
    return Promise.resolve();
  }
}
