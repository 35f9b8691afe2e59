import { MillraceError } from '@millrace/core';
import type { Database as SqliteDatabase } from 'sqlite3';

export type SqlValue = string | number | null;

/**
 * An SQLite file with promises instead of callbacks. Statements run in the order of the calls.
 * @throws {MillraceError} from every call: DISK_FULL, DISK_IO, DIRECTORY_LOCKED (another process holds the file),
 * CATALOG_INVALID (no database, or damaged).
 */
export class Database {
  readonly #path: string;
  readonly #sqlite: SqliteDatabase;

  private constructor(path: string, sqlite: SqliteDatabase) {
    this.#path = path;
    this.#sqlite = sqlite;
  }

  /** Opens the file, making it if there is none. */
  static async open(path: string): Promise<Database> {
    // Loaded only here: the native module would cost every start of the command line.
    const { default: sqlite3 } = await import('sqlite3');
    return new Promise((resolve, reject) => {
      const sqlite = new sqlite3.Database(path, (cause) => {
        if (cause !== null) {
          reject(databaseError(path, cause));
          return;
        }
        // Who holds the file holds it for long: waiting would only delay the error.
        sqlite.configure('busyTimeout', 0);
        resolve(new Database(path, sqlite));
      });
    });
  }

  /** Runs one statement; how many rows it changed. */
  run(sql: string, parameters: readonly SqlValue[] = []): Promise<number> {
    return new Promise((resolve, reject) => {
      const path = this.#path;
      this.#sqlite.run(sql, parameters, function (cause) {
        if (cause === null) resolve(this.changes);
        else reject(databaseError(path, cause));
      });
    });
  }

  /** All rows of a query. */
  rows<Row>(sql: string, parameters: readonly SqlValue[] = []): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      this.#sqlite.all<Row>(sql, parameters, (cause, rows) => {
        if (cause === null) resolve(rows);
        else reject(databaseError(this.#path, cause));
      });
    });
  }

  /** Runs several statements, separated by `;`. */
  script(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sqlite.exec(sql, (cause) => (cause === null ? resolve() : reject(databaseError(this.#path, cause))));
    });
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sqlite.close((cause) => (cause === null ? resolve() : reject(databaseError(this.#path, cause))));
    });
  }
}

function databaseError(path: string, cause: Error): MillraceError {
  const code = (cause as NodeJS.ErrnoException).code;
  const options = { cause, details: { path, sqlite: code } };
  switch (code) {
    case 'SQLITE_NOTADB':
    case 'SQLITE_CORRUPT':
      return damaged(path, cause.message, options);
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
      return new MillraceError('DIRECTORY_LOCKED', `${path} is held by another process`, {
        ...options,
        hint: 'stop the other server, or give this one a data directory of its own',
      });
    case 'SQLITE_FULL':
      return new MillraceError('DISK_FULL', `no space left for ${path}`, { ...options, retryable: true });
    default:
      return new MillraceError('DISK_IO', `${path}: ${cause.message}`, options);
  }
}

/** CATALOG_INVALID for a file that is no catalog or no longer one. */
export function damaged(path: string, reason: string, options: { readonly cause?: unknown } = {}): MillraceError {
  return new MillraceError('CATALOG_INVALID', `${path} is damaged or not a catalog: ${reason}`, {
    ...options,
    hint: 'put back a copy of the file, or move it away to start with an empty catalog; the topics are not touched',
  });
}
