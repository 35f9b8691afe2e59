/** Thrown by a hook that could not do its work now but may later: the same event comes again, and no try is counted against it beyond the pipe's budget. */
export class Retryable extends Error {
  override readonly name = 'Retryable';
  /** How long to wait at least, milliseconds; undefined = the host's own pace. */
  readonly afterMs: number | undefined;

  constructor(message: string, options: { readonly afterMs?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.afterMs = options.afterMs;
  }
}

/** Thrown by a connector whose target cannot be reached: the host closes what `open` gave, opens it again, and repeats the event. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
  }
}

/** Thrown when one row is to blame: those before it count as delivered, and it is retried, or goes to the dead letters, alone. */
export class BadRecord extends Error {
  override readonly name = 'BadRecord';
  /** Index of the row in the event. */
  readonly row: number;

  constructor(row: number, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.row = row;
  }
}
