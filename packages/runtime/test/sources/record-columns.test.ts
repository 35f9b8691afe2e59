import type { DataType } from '@millrace/data';
import type { ScanColumn, ScanNode } from '@millrace/planner';
import { describe, expect, it } from 'vitest';
import { newKafka, nullable, planOf, Run, string, time } from '../harness.ts';

const columns: readonly (readonly [name: string, type: DataType, from: ScanColumn['from']])[] = [
  ['_tp_sn', { kind: 'int64' }, 'offset'],
  ['_tp_shard', { kind: 'int32' }, 'partition'],
  ['_tp_time', time, 'timestamp'],
  ['_tp_append_time', time, 'append_time'],
  ['_tp_message_key', nullable(string), 'key'],
  ['_tp_message_headers', { kind: 'map', key: string, value: string }, 'headers'],
  ['raw', string, 'raw'],
];

const node: ScanNode = {
  node: 'scan',
  schema: columns.map(([name, type]) => ({ name, type })),
  stream: 's',
  topic: 's',
  format: 'RawBLOB',
  columns: columns.map(([, , from]) => ({ from }) as ScanColumn),
  start: { at: 'earliest' },
  bounded: true,
  watermark: null,
  batchPerChunk: false,
};

describe('what a record carries beside its value', () => {
  it('can be read as columns', async () => {
    const kafka = newKafka(2);
    kafka.append('s', 1, [
      {
        value: 'one',
        timestampMs: 1234,
        key: 'k',
        headers: [
          { key: 'h', value: Buffer.from('x') },
          { key: 'empty', value: null },
        ],
      },
      { value: null, timestampMs: 1 },
      { value: '\u00e9', timestampMs: 5678 },
    ]);
    const run = new Run(planOf(node, true), kafka);
    await run.done;
    expect(run.sink.rows).toEqual([
      [
        0n,
        1,
        1234,
        1234,
        'k',
        new Map([
          ['h', 'x'],
          ['empty', ''],
        ]),
        'one',
      ],
      [2n, 1, 5678, 5678, null, new Map(), '\u00c3\u00a9'],
    ]);
    expect(run.task.statistics()).toMatchObject({ rowsIn: 3, rowsOut: 2, rowsUndecodable: 1 });
  });

  it('may be nothing at all, where only the number of rows counts', async () => {
    const kafka = newKafka();
    kafka.append('s', 0, [{ value: '{}' }, { value: '{"k":1}' }]);
    const run = new Run(planOf({ ...node, schema: [], columns: [], format: 'JSONEachRow' }, true), kafka);
    await run.done;
    expect(run.sink.rows).toEqual([[], []]);
  });
});
