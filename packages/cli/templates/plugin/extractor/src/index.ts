import { a, Clock, defineExtractor } from '@millrace/sdk';

/** Counts: one row in each interval. After a restart it goes on where everything was delivered. */
export default defineExtractor({
  name: 'my-plugin',
  summary: 'Gives a row with the next number in each interval.',
  attributes: a.object({
    stream: a.string().default('ticks').describe('the stream that rows are of'),
    every: a.duration({ min: 1 }).default('1s').describe('the interval'),
  }),
  inject: { clock: Clock },
  open: ({ attributes, clock, position }) => ({ attributes, clock, last: typeof position === 'number' ? position : 0 }),
  async next(ticker, { signal }) {
    await ticker.clock.delay(ticker.attributes.every, signal);
    ticker.last++;
    return {
      stream: ticker.attributes.stream,
      columns: [{ name: 'n', type: 'int64' }],
      rows: [{ n: BigInt(ticker.last) }],
      times: [ticker.clock.now()],
      position: ticker.last,
    };
  },
});
