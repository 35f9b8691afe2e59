import type { Status } from './structs.ts';

/** Codes of {@link Status} that callers do something about. */
export const statusCode = {
  success: 200,
  /** Anything that has no code of its own; see {@link verdictOf}. */
  executionError: 301,
  /** Several statements in one call: look at `subStatus`. */
  multiple: 302,
  /** Mostly for want of memory. */
  internalError: 305,
  /** The node that the rows belong to was not reached. */
  dispatchError: 306,
  /** Written; the device is better written to `redirectNode`. */
  redirection: 400,
  databaseExists: 501,
  /** A measurement could not be written, mostly for its type; the other columns of the call are stored. */
  measurementRejected: 507,
  illegalPath: 509,
  readOnly: 600,
  storageNotReady: 602,
  writeRejected: 606,
  /** Rows are older than the database keeps them; the others of the call are stored. */
  expired: 607,
  diskFull: 611,
  typeMismatch: 614,
  wrongLogin: 801,
  notLoggedIn: 802,
  noPermission: 803,
} as const;

/**
 * What is to be done about a status: `done`; `partly` = done but for one or several measurements, not to be repeated; `retry` = the same call
 * later; `reopen` = the session is gone; `refused` = what it holds is to blame; `denied` = whatever it holds, the user may not.
 */
export type Verdict = 'done' | 'partly' | 'retry' | 'reopen' | 'refused' | 'denied';

const verdicts = new Map<number, Verdict>([
  [statusCode.success, 'done'],
  [statusCode.redirection, 'done'],
  [statusCode.databaseExists, 'done'],
  [statusCode.expired, 'done'],
  [statusCode.measurementRejected, 'partly'],
  [statusCode.internalError, 'retry'],
  [statusCode.dispatchError, 'retry'],
  [statusCode.readOnly, 'retry'],
  [statusCode.storageNotReady, 'retry'],
  [statusCode.writeRejected, 'retry'],
  [statusCode.diskFull, 'retry'],
  [statusCode.notLoggedIn, 'reopen'],
  [statusCode.wrongLogin, 'denied'],
  [statusCode.noPermission, 'denied'],
]);

/**
 * What code 301 says when it will be better later: a restarted server has no region groups for some seconds after its port has opened, and
 * one whose configuration node is away makes no new partitions.
 */
const transient = /\bno (?:available )?(?:\w+ )?region ?groups?\b|\bfail(?:ed)? to connect to any config ?node\b/i;

/** Measurements are not only rejected for their type: so a name is answered that is illegal, or a series that is not there and not to be made. */
const refusedMeasurement = /is not a legal path|\bcode:509\b|does not exist/;

/** Of one status; those of several statements are in its `subStatus`. */
export function verdictOf(status: Status): Verdict {
  if (status.code === statusCode.measurementRejected && refusedMeasurement.test(status.message ?? '')) return 'refused';
  const verdict = verdicts.get(status.code);
  if (verdict !== undefined) return verdict;
  return status.needRetry === true || transient.test(status.message ?? '') ? 'retry' : 'refused';
}

/** As text: code and message. */
export function describeStatus(status: Status): string {
  return status.message === undefined || status.message === '' ? `status ${status.code}` : `status ${status.code}: ${status.message}`;
}
