import { MillraceError } from '@millrace/core';
import type { StageKind } from '@millrace/sdk';
import type { Unit } from '../extract/unit.ts';
import { failureOf } from '../host/stages/hook-failure.ts';

/** True if a record may be to blame: the stage is there and has looked at it. */
export function isOfRecord(error: unknown): boolean {
  const failure = failureOf(error);
  return (failure?.cause === 'error' || failure?.cause === 'bad-record') && failure.hook !== 'open';
}

/** Where a pipe has stopped. */
export interface StopPlace {
  readonly pipe: string;
  readonly stage: StageKind;
  readonly plugin: string;
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: number;
}

/** What a pipe ends with: stage, plugin, hook, cause, and the first record that is not delivered. */
export function pipeFailed(error: MillraceError, place: StopPlace): MillraceError {
  const { pipe, stage, plugin, topic, partition, offset } = place;
  const { hook = '', cause = 'error' } = failureOf(error) ?? {};
  const at = offset === undefined ? '' : ` (${topic}, partition ${partition}, offset ${offset})`;
  return new MillraceError('PIPE_FAILED', `${error.message}${at}`, {
    cause: error,
    hint: error.hint,
    details: { pipe, stage, plugin, hook, cause, ...(offset !== undefined && { topic, partition, offset }) },
  });
}

/** A record that its stream's format and schema do not fit. */
export function undecodable(unit: Unit, reason: string, pipe: string, extractor: string): MillraceError {
  const { topic, partition, spans } = unit;
  const offset = spans!.offsets[unit.undecodable!.record]!;
  const place = { pipe, stage: 'extractor', plugin: extractor, topic, partition, offset };
  return new MillraceError('PIPE_FAILED', `the record cannot be decoded: ${reason} (${topic}, partition ${partition}, offset ${offset})`, {
    hint: "with 'on.error'='dead-letter' such records are kept aside and passed over",
    details: { ...place, hook: 'decode', cause: 'error' },
  });
}
