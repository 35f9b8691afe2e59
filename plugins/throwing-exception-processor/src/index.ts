import { a, defineProcessor, type RowsEvent } from '@millrace/sdk';

const attributes = a
  .object({
    stages: a
      .list(a.choice('customize', 'process', 'close'))
      .default('process')
      .describe('where it throws: when it is opened, at each row, when it is closed'),
    column: a.string().optional().describe('throws at rows only whose value of this column is `value`'),
    value: a.string().optional().describe('as text; without it every value does'),
    times: a.integer({ min: 1 }).optional().describe('how often it throws at rows until it lets them pass; for ever without it'),
    message: a.string().default('thrown on purpose').describe('what it says'),
  })
  .check(({ column, value }) => (value !== undefined && column === undefined ? ["'value' needs a 'column'"] : []));

/** Throws on purpose, to try how pipes behave. */
export default defineProcessor({
  name: 'throwing-exception-processor',
  summary: 'Throws an exception on purpose, to try how a pipe behaves; lets pass what it does not throw at.',
  attributes,
  open({ attributes }) {
    if (attributes.stages.includes('customize')) throw new Error(attributes.message);
    return { attributes, thrown: 0 };
  },
  process(event, emit, thrower) {
    const { stages, column, value, times = Infinity, message } = thrower.attributes;
    if (event.kind === 'rows' && stages.includes('process') && thrower.thrown < times && matches(event, column, value)) {
      thrower.thrown++;
      throw new Error(message);
    }
    emit.event(event);
  },
  close({ attributes }) {
    if (attributes.stages.includes('close')) throw new Error(attributes.message);
  },
});

function matches(event: RowsEvent, column: string | undefined, value: string | undefined): boolean {
  if (column === undefined) return true;
  if (!event.columns.some(({ name }) => name === column)) return false;
  return value === undefined || String(event.column(column).value(0)) === value;
}
