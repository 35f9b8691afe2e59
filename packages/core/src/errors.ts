import { type ErrorActor, type ErrorCode, errorCodes } from './error-codes.ts';

/** A place in a text: `offset` counts UTF-16 units from 0, `line` and `column` from 1; `length` is that of the offending piece. */
export interface Position {
  readonly offset: number;
  readonly length: number;
  readonly line: number;
  readonly column: number;
}

/** What an error may carry beside its code and message. */
export interface ErrorOptions {
  /** Where in the user's text. */
  readonly position?: Position | undefined;
  /** The text that `position` points into; needed to draw the frame. */
  readonly source?: string | undefined;
  /** What to do about it: a clause without full stop. */
  readonly hint?: string | undefined;
  /** Plain data for machines (topic, partition, offset, the given value, …). */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** True if the same call may succeed later without a change. */
  readonly retryable?: boolean | undefined;
  readonly cause?: unknown;
}

/**
 * The one error class of Millrace. Messages are lower case, without full stop, and name the given value and the legal ones.
 *
 * Who must act follows from the code (see {@link errorCodes}); there are no subclasses, so that an error survives
 * the way across a thread border as plain data ({@link serializeError}, {@link deserializeError}).
 */
export class MillraceError extends Error {
  readonly code: ErrorCode;
  readonly position: Position | undefined;
  readonly source: string | undefined;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MillraceError';
    this.code = code;
    this.position = options.position;
    this.source = options.source;
    this.hint = options.hint;
    this.details = options.details ?? {};
    this.retryable = options.retryable ?? this.actor === 'unavailable';
  }

  get actor(): ErrorActor {
    return errorCodes[this.code].actor;
  }
}

/** An error as plain data, fit for `postMessage` and JSON. */
export interface SerializedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly position?: Position | undefined;
  readonly source?: string | undefined;
  readonly hint?: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryable: boolean;
}

/** Turns anything thrown into plain data; what is not a {@link MillraceError} becomes `INTERNAL_INVARIANT` with its stack in `details`. */
export function serializeError(thrown: unknown): SerializedError {
  const error = asMillraceError(thrown);
  const { code, message, position, source, hint, details, retryable } = error;
  return { code, message, position, source, hint, details, retryable };
}

/** The inverse of {@link serializeError}. */
export function deserializeError(plain: SerializedError): MillraceError {
  const { code, message, ...options } = plain;
  return new MillraceError(code, message, options);
}

/** The thrown value itself if it is ours, else an `INTERNAL_INVARIANT` that wraps it. */
export function asMillraceError(thrown: unknown): MillraceError {
  if (thrown instanceof MillraceError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  return new MillraceError('INTERNAL_INVARIANT', message, { cause: thrown, details: { stack } });
}

/** @throws {MillraceError} INTERNAL_INVARIANT if the condition does not hold. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new MillraceError('INTERNAL_INVARIANT', message);
}

/** For the default branch of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new MillraceError('INTERNAL_INVARIANT', `unexpected value ${JSON.stringify(value)}`);
}
