import { a, defineProcessor, type Json, type Row, type RowsEvent, Streams } from '@millrace/sdk';
import { counts, type Point, stored } from './series.ts';

/** The last points of one record key, by column. */
type LastPoints = { readonly [column: string]: Point };

/**
 * Passes what has changed: each column of each key is a series of its own, values that are near the last one that passed become NULL, and rows
 * without any other value are dropped. Arrays, maps and tuples, which cannot be NULL, keep their values in rows that pass.
 * @see Apache IoTDB, ChangingValueSamplingProcessor
 */
export default defineProcessor({
  name: 'changing-value-sampling-processor',
  summary: 'Passes values that differ enough from the last one of their key and column.',
  attributes: a
    .object({
      'changing-value.compression-deviation': a.number({ min: 0 }).default('0').describe('numbers that differ by no more are no change'),
      'changing-value.min-time-interval': a
        .integer({ min: 0 })
        .default('0')
        .describe('values this near to the last one in event time, or nearer, never pass; milliseconds'),
      'changing-value.max-time-interval': a
        .number({ min: 0 })
        .default('9223372036854775807')
        .describe('values this far from the last one in event time, or farther, always pass; milliseconds'),
    })
    .check((given) =>
      given['changing-value.min-time-interval'] > given['changing-value.max-time-interval']
        ? ["'changing-value.min-time-interval' is more than 'changing-value.max-time-interval'"]
        : [],
    ),
  inject: { streams: Streams },
  open: ({ attributes, streams }) => ({
    streams,
    tolerance: {
      deviation: attributes['changing-value.compression-deviation'],
      minIntervalMs: attributes['changing-value.min-time-interval'],
      maxIntervalMs: attributes['changing-value.max-time-interval'],
    },
  }),
  process(event, emit, { streams, tolerance }, { state }) {
    if (event.kind !== 'rows') {
      emit.event(event);
      return;
    }
    const key = stateKey(event);
    const last = lastPoints(state.get(key));
    const measured = measurements(event, streams.get(event.stream)?.eventTimeColumn);
    const changed = measured.filter(([name, { value }]) => counts(last[name], event.time(0), value, tolerance));
    if (changed.length === 0) return;
    const passing = new Map([...measured.filter(([, { isNullable }]) => !isNullable), ...changed]);
    emitChanged(event, measured, passing, emit);
    const points = [...passing].map(([name, { value }]) => [name, [event.time(0), stored(value)] as const] as const);
    state.set(key, { ...last, ...Object.fromEntries(points) });
  },
});

/** One value of the row that is not NULL. */
interface Measurement {
  readonly value: Row[string];
  readonly isNullable: boolean;
}

function measurements(event: RowsEvent, eventTimeColumn: string | null | undefined): readonly (readonly [string, Measurement])[] {
  return event.columns
    .filter(({ name }) => name !== eventTimeColumn && name !== '_tp_time' && !event.column(name).isNull(0))
    .map(({ name, type }) => [name, { value: event.column(name).value(0), isNullable: !/^(array|map|tuple)\(/.test(type) }]);
}

function emitChanged(
  event: RowsEvent,
  measured: readonly (readonly [string, Measurement])[],
  passing: ReadonlyMap<string, Measurement>,
  emit: { event(event: RowsEvent): void; rows(rows: readonly Row[]): void },
): void {
  const dropped = measured.filter(([name]) => !passing.has(name));
  if (dropped.length === 0) emit.event(event);
  else emit.rows([{ ...event.row(0), ...Object.fromEntries(dropped.map(([name]) => [name, null])) }]);
}

function stateKey(event: RowsEvent): string {
  const key = event.key(0);
  return key === null ? event.stream : `${event.stream}.${Buffer.from(key).toString('latin1')}`;
}

/** Nobody else writes this state. */
function lastPoints(kept: Json | undefined): LastPoints {
  return (kept ?? {}) as LastPoints;
}
