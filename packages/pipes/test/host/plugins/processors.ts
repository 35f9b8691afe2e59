import { a, Clock, defineProcessor, Logger, Metrics, type Row, Settings, Sql, Streams } from '@millrace/sdk';

const attributes = a.object({});

export const plusOne = defineProcessor({
  name: 'plus-one',
  summary: 'x',
  attributes,
  map: (row: { v: number }) => ({ ...row, v: row.v + 1 }),
});

export const added = defineProcessor({
  name: 'added',
  summary: 'x',
  attributes,
  map: (row) => ({ ...row, big: 7n, flag: true, text: 'ä', list: [1, null], map: new Map([['a', 1]]) }),
});

export const copying = defineProcessor({ name: 'copying', summary: 'x', attributes, map: (row) => ({ ...row }) });

export const even = defineProcessor({ name: 'even', summary: 'x', attributes, filter: (row: { v: number }) => row.v % 2 === 0 });

export const twice = defineProcessor({
  name: 'twice',
  summary: 'x',
  attributes,
  flatMap: (row: { v: number }) => (row.v === 0 ? [] : [row, { v: row.v * 10 }]),
});

export const through = defineProcessor({ name: 'through', summary: 'x', attributes, processBatch: (event, emit) => emit.event(event) });

export const counting = defineProcessor({
  name: 'counting',
  summary: 'x',
  attributes: a.object({ from: a.integer().default('0') }),
  inject: { log: Logger, metrics: Metrics, clock: Clock, streams: Streams, settings: Settings },
  open: (context) => context,
  process(event, emit, { attributes: { from }, log, metrics, clock, streams, settings }, { state }) {
    if (event.kind === 'rows') {
      const row = event.row(0) as { v: number };
      const count = ((state.get('count') as number | undefined) ?? from) + 1;
      state.set('count', count);
      if (row.v < 0) throw new Error(`negative ${row.v}`);
      log.info({ count }, 'counted');
      metrics.count('rows');
      emit.rows([{ count, now: clock.now(), streams: streams.list().length, limit: Number(settings.get('limit')) }]);
    } else {
      state.delete('count');
      emit.event(event);
    }
  },
});

export const query = defineProcessor({
  name: 'query',
  summary: 'x',
  attributes: a.object({ sql: a.string() }),
  inject: { sql: Sql },
  processBatch(event, emit, { sql, attributes: { sql: select } }) {
    emit.event(sql.compile(select, event.columns).run(event));
  },
});

/** Gives what its attribute says, which is JavaScript. */
export const giving = defineProcessor({
  name: 'giving',
  summary: 'x',
  attributes: a.object({ value: a.string() }),
  map: (_row, { attributes: { value } }) => new Function(`return ${value}`)() as Row,
});

export const asking = defineProcessor({
  name: 'asking',
  summary: 'x',
  attributes: a.object({ value: a.string() }),
  filter: (_row, { attributes: { value } }) => new Function(`return ${value}`)() as boolean,
});

/** Emits what its attribute says, which is JavaScript over `emit`, `event` and `late`. */
export const emitting = defineProcessor({
  name: 'emitting',
  summary: 'x',
  attributes: a.object({ code: a.string() }),
  processBatch(event, emit, { attributes: { code } }) {
    new Function('event', 'emit', code)(event, emit);
  },
});

export const columned = defineProcessor({
  name: 'columned',
  summary: 'x',
  attributes,
  columns: (input) => [...input.filter(({ name }) => name === 'v'), { name: 'w', type: 'nullable(datetime64(6))' }],
  map: (row: { v: number }) => ({ v: row.v, w: row.v === 0 ? null : row.v + 0.25 }),
});

export const touchy = defineProcessor({
  name: 'touchy',
  summary: 'x',
  attributes: a.object({ x: a.string() }).check(() => {
    throw new Error('cannot check');
  }),
  map: (row) => row,
});
