import { a, defineProcessor, type Json, type RowsEvent, Streams } from '@millrace/sdk';

/** Event time of the last sample of each column, of one record key. */
type LastSamples = { readonly [column: string]: number };

/**
 * One sample for each key and column in an interval of event time: a row passes, whole, when one of its columns has had no sample for so long.
 * @see Apache IoTDB, TumblingTimeSamplingProcessor
 */
export default defineProcessor({
  name: 'tumbling-time-sampling-processor',
  summary: 'Passes one row of each key in an interval of event time.',
  attributes: a.object({
    'tumbling-time.interval-seconds': a
      .integer({ min: 1 })
      .default('60')
      .describe('least distance of two samples, in seconds of event time'),
  }),
  inject: { streams: Streams },
  process(event, emit, { attributes, streams }, { state }) {
    if (event.kind !== 'rows') {
      emit.event(event);
      return;
    }
    const intervalMs = attributes['tumbling-time.interval-seconds'] * 1000;
    const key = stateKey(event);
    const last = lastSamples(state.get(key));
    const measured = measurements(event, streams.get(event.stream)?.eventTimeColumn);
    const due = measured.findIndex((column) => !(Math.abs(event.time(0) - (last[column] ?? Infinity)) < intervalMs));
    if (due === -1) return;
    emit.event(event);
    state.set(key, { ...last, ...Object.fromEntries(measured.slice(due).map((column) => [column, event.time(0)])) });
  },
});

/** Columns that have a value, but for the times themselves. */
function measurements(event: RowsEvent, eventTimeColumn: string | null | undefined): readonly string[] {
  return event.columns
    .map(({ name }) => name)
    .filter((name) => name !== eventTimeColumn && name !== '_tp_time' && !event.column(name).isNull(0));
}

function stateKey(event: RowsEvent): string {
  const key = event.key(0);
  return key === null ? event.stream : `${event.stream}.${Buffer.from(key).toString('latin1')}`;
}

/** Nobody else writes this state. */
function lastSamples(stored: Json | undefined): LastSamples {
  return (stored ?? {}) as LastSamples;
}
