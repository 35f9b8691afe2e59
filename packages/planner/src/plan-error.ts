import { type ErrorCode, MillraceError, positionAt } from '@millrace/core';
import type { Node } from '@millrace/sql';

/** The piece of a text that an error is about. */
export interface Place {
  readonly source: string;
  readonly node: Pick<Node, 'start' | 'end'>;
}

/** An error of planning: it always says where. */
export function planError(code: ErrorCode, message: string, place: Place, hint?: string): MillraceError {
  return new MillraceError(code, message, { ...positionOf(place), hint });
}

/** Runs what knows no positions (type parser, functions, casts), and adds the place to the errors that it throws. */
export function placed<T>(place: Place, compute: () => T, placeOf: (error: MillraceError) => Place = () => place): T {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof MillraceError) || error.position !== undefined) throw error;
    throw withPlace(error, placeOf(error));
  }
}

function withPlace(error: MillraceError, place: Place): MillraceError {
  // A value that does not convert is an error of the query when the value stands in its text.
  const code = error.code === 'DATA_CAST_FAILED' ? 'PLAN_TYPE_MISMATCH' : error.code;
  const { hint, details, cause } = error;
  return new MillraceError(code, error.message, { ...positionOf(place), hint, details, cause });
}

function positionOf({ source, node }: Place) {
  return { source, position: positionAt(source, node.start, Math.max(1, node.end - node.start)) };
}
