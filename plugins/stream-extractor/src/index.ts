import { a, defineExtractor } from '@millrace/sdk';

const attributes = a
  .object({
    pattern: a
      .string()
      .default('root')
      .describe('prefix of the paths root.<stream>[.<key>].<column> to be read, compared as text')
      .example('root.timecho'),
    'history.enable': a.boolean().default('true').describe('whether records are read that were there when the pipe was created'),
    'history.start-time': a
      .time()
      .default('-9223372036854775808')
      .describe('earliest event time of history, included')
      .example('2011.12.03T10:15:30+01:00'),
    'history.end-time': a
      .time()
      .default('9223372036854775807')
      .describe('latest event time of history, included')
      .example('2022.12.03T10:15:30+01:00'),
    'realtime.enable': a.boolean().default('true').describe('whether records are read that came after the pipe was created'),
    'forwarding-pipe-requests': a.boolean().default('false').describe('whether records that came through a pipe are read'),
  })
  .check((given) => [
    ...(given.pattern.startsWith('root.') || 'root.'.startsWith(given.pattern)
      ? []
      : [`'pattern' = '${given.pattern}' matches nothing: paths begin with root., such as root.flights`]),
    ...(given['history.enable'] || given['realtime.enable']
      ? []
      : ["'history.enable' and 'realtime.enable' are both false: there is nothing to read"]),
    ...(given['history.start-time'] > given['history.end-time']
      ? [
          `'history.start-time' (${isoTime(given['history.start-time'])}) is after 'history.end-time' (${isoTime(given['history.end-time'])})`,
        ]
      : []),
  ]);

/** Reads streams: what was there when the pipe was created, then what comes. */
export default defineExtractor({
  name: 'iotdb-extractor',
  aliases: ['stream-extractor'],
  summary: 'Reads streams by a prefix of their paths: history first, then what comes.',
  attributes,
  select: (given) => ({
    pattern: given.pattern,
    history: given['history.enable'] ? { startMs: given['history.start-time'], endMs: given['history.end-time'] } : null,
    realtime: given['realtime.enable'],
    forwardsPipeRecords: given['forwarding-pipe-requests'],
  }),
});

/** Times beyond the calendar are shown as numbers. */
function isoTime(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
