import { BadRecord, NotConnected, Retryable } from '@millrace/sdk';
import { ConnectionFailed } from '../client/connection.ts';
import { StatusError } from '../client/session.ts';
import type { DeviceRows } from '../mapping/device-rows.ts';
import { describeStatus, statusCode, type Verdict, verdictOf } from '../rpc/status.ts';
import type { Status } from '../rpc/structs.ts';

/** What the server has said of the rows of a device. */
export interface PartOutcome {
  readonly part: DeviceRows;
  readonly status: Status;
  readonly verdict: Verdict;
}

/**
 * What a call on several devices has come to for each of them: the server says it of each in `subStatus`, or of all at once.
 * @param owners whose each status of `subStatus` is
 */
export function outcomesOf(status: Status, owners: readonly DeviceRows[]): PartOutcome[] {
  const { subStatus = [] } = status;
  if (subStatus.length === owners.length) return owners.map((part, i) => outcomeOf(part, subStatus[i]!));
  const single = status.code === statusCode.multiple ? worstOf(subStatus) : status;
  // Of several devices it does not say which one it points elsewhere for.
  const shared = owners.length === 1 ? single : { ...single, redirectNode: undefined };
  return owners.map((part) => outcomeOf(part, shared));
}

function outcomeOf(part: DeviceRows, status: Status): PartOutcome {
  return { part, status, verdict: verdictOf(status) };
}

const byGravity: readonly Verdict[] = ['done', 'partly', 'refused', 'denied', 'retry', 'reopen'];

function worstOf(statuses: readonly Status[]): Status {
  const gravity = (status: Status) => 2 * byGravity.indexOf(verdictOf(status)) + (status.code === statusCode.success ? 0 : 1);
  return statuses.reduce((worst, status) => (gravity(status) > gravity(worst) ? status : worst), { code: statusCode.success });
}

/**
 * The error that says what is to be done with an event whose rows have come to this; null = it is delivered. What may get better by
 * itself comes first: what is wrong with single rows shows again when they come again.
 */
export function failureOf(outcomes: readonly PartOutcome[]): Error | null {
  const first = (verdict: Verdict) => outcomes.find((outcome) => outcome.verdict === verdict);
  const gone = first('reopen');
  if (gone) return new NotConnected(`IoTDB: ${describeStatus(gone.status)}`);
  const later = first('retry');
  if (later) return new Retryable(`IoTDB: ${describeStatus(later.status)}`);
  const denied = first('denied');
  if (denied) return new Error(`IoTDB: ${describeStatus(denied.status)}`);
  const refused = outcomes
    .filter(({ verdict }) => verdict === 'refused')
    .map(({ part, status }) => ({ row: Math.min(...part.rows), part, status }));
  if (refused.length === 0) return null;
  const { row, part, status } = refused.reduce((least, other) => (other.row < least.row ? other : least));
  return new BadRecord(row, `IoTDB refuses rows of ${part.tablet.device}: ${describeStatus(status)}`);
}

/** Says by its class what is to be done about a failed call. */
export function asHostError(failure: unknown): unknown {
  if (failure instanceof ConnectionFailed) return new NotConnected(failure.message, { cause: failure });
  if (!(failure instanceof StatusError)) return failure;
  const verdict = verdictOf(failure.status);
  if (verdict === 'reopen') return new NotConnected(failure.message, { cause: failure });
  return verdict === 'retry' ? new Retryable(failure.message, { cause: failure }) : failure;
}
