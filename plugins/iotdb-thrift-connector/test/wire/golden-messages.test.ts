import { describe, expect, it } from 'vitest';
import { dataTypeOf } from '../../src/rpc/data-type.ts';
import * as methods from '../../src/rpc/methods.ts';
import { decodeRecord, encodeRecord } from '../../src/rpc/record.ts';
import { decodeResultSet, encodeResultSet } from '../../src/rpc/result-set.ts';
import { decodeTabletValues, decodeTimes, encodeTabletValues, encodeTimes, type TabletColumn } from '../../src/rpc/tablet.ts';
import { decodeMessage, encodeCall, encodeReply, readArguments, readResult } from '../../src/thrift/message.ts';
import type { Method } from '../../src/thrift/types.ts';
import { goldenFrame, goldenMessages } from './golden-messages.ts';

const withoutLength = (framed: Buffer) => framed.subarray(4);
const callOf = <A, R>(method: Method<A, R>, n = 0) => readArguments(method, decodeMessage(goldenFrame('call', method.name, n)));
const answerOf = <A, R>(method: Method<A, R>, n = 0) => readResult(method, decodeMessage(goldenFrame('answer', method.name, n)));
const text = (value: string) => Buffer.from(value);

const allTypes: TabletColumn[] = [
  { measurement: 'c_boolean', type: 'BOOLEAN', values: [true, null, false] },
  { measurement: 'c_int32', type: 'INT32', values: [1, null, -1] },
  { measurement: 'c_int64', type: 'INT64', values: [2n, null, -2n] },
  { measurement: 'c_float', type: 'FLOAT', values: [1.5, null, -1.5] },
  { measurement: 'c_double', type: 'DOUBLE', values: [2.5, null, -2.5] },
  { measurement: 'c_text', type: 'TEXT', values: [text('text'), null, text('ü€')] },
  { measurement: 'c_timestamp', type: 'TIMESTAMP', values: [1_700_000_000_000n, null, 0n] },
  { measurement: 'c_date', type: 'DATE', values: [20260102, null, 19700101] },
  { measurement: 'c_blob', type: 'BLOB', values: [Buffer.from([1, 2, 255]), null, Buffer.alloc(0)] },
  { measurement: 'c_string', type: 'STRING', values: [text('str'), null, text('')] },
];

describe('messages of IoTDB and its own client', () => {
  it.each(goldenMessages.map((message, i) => ({ ...message, i })))(
    '$direction $i $method is read, and written again byte by byte',
    (golden) => {
      const message = decodeMessage(golden.frame);
      const method = methods.methods.get(golden.method)!;
      const again =
        golden.direction === 'call'
          ? encodeCall(method, message.sequence, readArguments(method, message))
          : encodeReply(method, message.sequence, readResult(method, message));
      expect(withoutLength(again).toString('hex')).toBe(golden.frame.toString('hex'));
      expect(again.readInt32BE(0)).toBe(golden.frame.length);
    },
  );

  it('a tablet of every type with NULLs has the bytes that IoTDB’s client gives it', () => {
    const { request } = callOf(methods.insertTablet);
    expect(request.device).toBe('root.golden.d1');
    expect(request.measurements).toEqual(allTypes.map(({ measurement }) => measurement));
    expect(request.types.map(dataTypeOf)).toEqual(allTypes.map(({ type }) => type));
    expect(encodeTimes([1n, 2n, 3n]).equals(request.timestamps)).toBe(true);
    expect(decodeTabletValues(allTypes, 3, request.values)).toEqual(allTypes);
    const encoded = encodeTabletValues(allTypes);
    // Its client writes today's date where a DATE is NULL: any date will do.
    const today = request.values.readInt32BE(encoded.indexOf(Buffer.from('009896e5', 'hex')));
    expect(encoded.toString('hex').replace('009896e5', today.toString(16).padStart(8, '0'))).toBe(request.values.toString('hex'));
  });

  it('rows that are a multiple of eight have a byte more in their bit map', () => {
    const { request } = callOf(methods.insertTablets);
    const columns: TabletColumn[] = [
      { measurement: 'a', type: 'INT64', values: [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n] },
      { measurement: 'b', type: 'DOUBLE', values: [0, 0.5, 1, 1.5, 2, 2.5, 3, null] },
    ];
    expect(request.devices).toEqual(['root.golden.d2', 'root.golden.`1`']);
    for (const values of request.values) {
      expect(decodeTabletValues(columns, 8, values)).toEqual(columns);
      expect(encodeTabletValues(columns).toString('hex')).toBe(values.toString('hex'));
    }
    expect(decodeTimes(request.timestamps[0]!)).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n]);
  });

  it('records have the bytes that IoTDB’s client gives them', () => {
    const { request } = callOf(methods.insertRecords);
    const rows = [
      [
        { type: 'INT64', value: 5n },
        { type: 'STRING', value: text('r') },
      ],
      [{ type: 'BOOLEAN', value: true }],
    ] as const;
    rows.forEach((row, i) => {
      expect(encodeRecord(row).toString('hex')).toBe(request.values[i]!.toString('hex'));
      expect(decodeRecord(row.length, request.values[i]!)).toEqual(row);
    });
  });

  it('a login is answered by a session and the precision of times, a wrong password by 801', () => {
    expect(answerOf(methods.openSession)).toMatchObject({
      status: { code: 200 },
      serverProtocolVersion: 2,
      configuration: new Map([['timestamp_precision', 'ms']]),
    });
    expect(answerOf(methods.openSession, 2).status).toEqual({ code: 801, message: 'Authentication failed.' });
    expect(answerOf(methods.getProperties)).toMatchObject({
      version: '2.0.1-beta',
      timestampPrecision: 'ms',
      thriftMaxFrameSize: 536870912,
    });
  });

  it('a result set is read and written in the order of its blocks', () => {
    const answer = answerOf(methods.executeStatement);
    const places = answer.columns!.map((name) => answer.columnNameIndexMap!.get(name)!);
    const types = places.map((_, place) => answer.dataTypes![places.indexOf(place)]!);
    const { times, columns } = decodeResultSet(answer.queryDataSet!, types);
    expect(times).toEqual([1n, 3n]);
    const byName = Object.fromEntries(answer.columns!.map((name, i) => [name.split('.').at(-1), columns[places[i]!]]));
    expect(byName).toEqual(Object.fromEntries(allTypes.map(({ measurement, values }) => [measurement, [values[0], values[2]]])));
    const lanes = types.map(
      (_, place) => allTypes.find(({ measurement }) => `root.golden.d1.${measurement}` === answer.columns![places.indexOf(place)])!,
    );
    const present = lanes.map(({ type, values }) => ({ type, values: [values[0]!, values[2]!] }));
    expect(encodeResultSet(times, present)).toEqual(answer.queryDataSet);
  });
});
