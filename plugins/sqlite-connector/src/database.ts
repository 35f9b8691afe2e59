import { NotConnected, Retryable } from '@millrace/sdk';
import type { Database as Sqlite } from 'sqlite3';

export type SqlValue = string | number | null | Uint8Array;

/** An SQLite file with promises instead of callbacks. Calls are done one after another. */
export class Database {
  readonly #path: string;
  readonly #sqlite: Sqlite;
  #last: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  private constructor(path: string, sqlite: Sqlite) {
    this.#path = path;
    this.#sqlite = sqlite;
  }

  /** Makes the file if there is none. @param busyTimeoutMs how long to wait for another process that writes */
  static async open(path: string, busyTimeoutMs: number): Promise<Database> {
    // Loaded only here: the native module would cost every start of a server.
    const { default: sqlite3 } = await import('sqlite3');
    return new Promise((resolve, reject) => {
      const sqlite = new sqlite3.Database(path, (cause) => {
        if (cause !== null) return reject(failure(path, cause));
        sqlite.configure('busyTimeout', busyTimeoutMs);
        resolve(new Database(path, sqlite));
      });
    });
  }

  /** All of it or nothing; others wait until it is done. */
  transaction<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(async () => {
      await this.script('BEGIN IMMEDIATE');
      try {
        const result = await work();
        await this.script('COMMIT');
        return result;
      } catch (error) {
        // SQLite has rolled back by itself where the disk was full.
        await this.script('ROLLBACK').catch(() => {});
        throw error;
      }
    });
    this.#last = done.then(
      () => {},
      () => {},
    );
    return done;
  }

  /** Runs one statement. */
  run(sql: string, parameters: readonly SqlValue[] = []): Promise<void> {
    return this.#call((callback) => this.#sqlite.run(sql, parameters, callback));
  }

  rows<R>(sql: string, parameters: readonly SqlValue[] = []): Promise<R[]> {
    return new Promise((resolve, reject) => {
      this.#sqlite.all<R>(sql, parameters, (cause, rows) => (cause === null ? resolve(rows) : reject(failure(this.#path, cause))));
    });
  }

  /** Runs several statements, separated by `;`. */
  script(sql: string): Promise<void> {
    return this.#call((callback) => this.#sqlite.exec(sql, callback));
  }

  /** When what is under way is done. */
  close(): Promise<void> {
    this.#closed ??= this.#last.then(() => this.#call((callback) => this.#sqlite.close(callback)));
    return this.#closed;
  }

  #call(start: (callback: (cause: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      start((cause) => (cause === null ? resolve() : reject(failure(this.#path, cause))));
    });
  }
}

/** A row breaks a rule of the table. */
export class ConstraintViolated extends Error {
  override readonly name = 'ConstraintViolated';
}

function failure(path: string, cause: Error): Error {
  const message = `${path}: ${cause.message}`;
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
    case 'SQLITE_FULL':
      return new Retryable(message, { cause });
    case 'SQLITE_CANTOPEN':
    case 'SQLITE_IOERR':
      return new NotConnected(message, { cause });
    case 'SQLITE_CONSTRAINT':
    case 'SQLITE_MISMATCH':
    case 'SQLITE_TOOBIG':
      return new ConstraintViolated(message, { cause });
    default:
      return new Error(message, { cause });
  }
}
