import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as methods from '../../src/rpc/methods.ts';
import { decodeTabletValues, encodeTabletValues, type TabletColumn } from '../../src/rpc/tablet.ts';
import { FrameSplitter } from '../../src/thrift/frame-splitter.ts';
import { decodeMessage, encodeCall, encodeException, encodeReply, readArguments, readResult } from '../../src/thrift/message.ts';
import { ApplicationException, ThriftError } from '../../src/thrift/thrift-error.ts';
import { goldenFrame, goldenMessages } from './golden-messages.ts';

const frameOf = (framed: Buffer) => framed.subarray(4);
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('messages', () => {
  it('fields that the definition does not know are passed over, whatever they hold', () => {
    const known = frameOf(encodeReply(methods.deleteData, 7, { code: 200 }));
    // In the status: 99 bool, 98 map<i32, list<string>>, 97 struct {1: double}, 96 set<i64>, 95 i16.
    const unknown = hex(
      '02 0063 01 0d 0062 08 0f 00000001 00000005 0b 00000001 00000001 61 0c 0061 04 0001 3ff0000000000000 00 0e 0060 0a 00000001 0000000000000001 06 005f 0001',
    );
    const at = known.length - 2;
    const message = decodeMessage(Buffer.concat([known.subarray(0, at), unknown, known.subarray(at)]));
    expect(readResult(methods.deleteData, message)).toEqual({ code: 200 });
  });

  it('a call that the other side cannot carry out is an exception with its kind', () => {
    const frame = frameOf(encodeException('insertTablet', 3, new ApplicationException(1, 'Invalid method name: insertTablet')));
    expect(() => readResult(methods.insertTablet, decodeMessage(frame))).toThrow(
      expect.objectContaining({ name: 'ApplicationException', kind: 1, message: 'Invalid method name: insertTablet' }),
    );
  });

  it.each([
    ['the compact protocol', '82 21 01 0b 6f 70', /TCompactProtocol .*is not|TCompactProtocol.*only TBinaryProtocol/],
    ['the binary protocol without a version', '0000000b 6f70656e53657373696f6e 01 00000001', /no head of a strict binary Thrift message/],
    ['an answer of a web server', Buffer.from('HTTP/1.1 400').toString('hex'), /no head/],
    ['a type of message that is none', '80010009 00000001 61 00000000', /1 … 4, not 9/],
    ['nothing', '', /4 bytes wanted where 0 are left/],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => decodeMessage(hex(bytes))).toThrow(message);
  });

  it('a reply without a required field says which one is missing', () => {
    const empty = hex('80010002 0000000b 6f70656e53657373696f6e 00000001 0c 0000 00 00');
    expect(() => readResult(methods.openSession, decodeMessage(empty))).toThrow('TSOpenSessionResp without its field 1 (status)');
  });

  it('a reply to another method is refused', () => {
    expect(() => readResult(methods.insertTablet, decodeMessage(frameOf(encodeReply(methods.deleteData, 1, { code: 200 }))))).toThrow(
      'a reply of deleteData where a reply to insertTablet is expected',
    );
  });

  it('damaged frames give errors of Thrift, or other values, and nothing else', () => {
    const frame = fc.constantFrom(...goldenMessages);
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 });
    fc.assert(
      fc.property(frame, damage, fc.nat(), (golden, changes, cut) => {
        const bytes = Buffer.from(golden.frame.subarray(0, golden.frame.length - (cut % 3 === 0 ? cut % golden.frame.length : 0)));
        for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        const method = methods.methods.get(golden.method)!;
        try {
          const message = decodeMessage(bytes);
          if (golden.direction === 'call') readArguments(method, message);
          else readResult(method, message);
        } catch (failure) {
          if (!(failure instanceof ThriftError) && !(failure instanceof ApplicationException)) throw failure;
        }
      }),
    );
  });

  it('a list that claims more elements than there are bytes is refused before memory is taken for it', () => {
    const golden = Buffer.from(goldenFrame('call', 'deleteData'));
    const at = golden.indexOf(Buffer.from('root.golden.d2')) - 8;
    golden.writeInt32BE(0x7fffffff, at);
    expect(() => readArguments(methods.deleteData, decodeMessage(golden))).toThrow(/a count of 2147483647 with \d+ bytes left/);
  });

  it('values nested without end are refused', () => {
    const deep = Buffer.concat([hex('80010001 00000001 61 00000000'), ...Array.from({ length: 100_000 }, () => hex('0c 0009'))]);
    expect(() => readArguments(methods.openSession, decodeMessage(deep))).toThrow('nested more than 64 deep');
  });
});

describe('frames', () => {
  const framed = [
    encodeCall(methods.getProperties, 1, {}),
    encodeCall(methods.requestStatementId, 2, { sessionId: 5n }),
    Buffer.from([0, 0, 0, 0]),
  ];

  it('are the same however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(Buffer.concat(framed).length)), (cuts) => {
        const all = Buffer.concat(framed);
        const places = [0, ...cuts.sort((left, right) => left - right), all.length];
        const splitter = new FrameSplitter();
        const frames = places.slice(1).flatMap((end, i) => splitter.push(all.subarray(places[i]!, end)));
        expect(frames.map((frame) => frame.toString('hex'))).toEqual(framed.map((frame) => frame.subarray(4).toString('hex')));
      }),
    );
  });

  it('of more than the limit are refused at their length, as is what is no frame', () => {
    expect(() => new FrameSplitter(100).push(hex('00000065'))).toThrow('a frame of 101 bytes, at most 100 are allowed');
    expect(() => new FrameSplitter().push(Buffer.from('HTTP/1.1'))).toThrow('not framed Thrift?');
    expect(() => new FrameSplitter().push(hex('ffffffff'))).toThrow(/4294967295 bytes/);
    expect(new FrameSplitter(100).push(hex('00000064'))).toEqual([]);
  });
});

describe('tablets', () => {
  const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const bytes = fc.uint8Array({ maxLength: 9 }).map((value) => Buffer.from(value));
  const cells = {
    BOOLEAN: fc.boolean(),
    INT32: int32,
    INT64: int64,
    FLOAT: fc.float(),
    DOUBLE: fc.double(),
    TEXT: bytes,
    TIMESTAMP: int64,
    DATE: int32,
    BLOB: bytes,
    STRING: bytes,
  } as const;
  const column = (rowCount: number) =>
    fc
      .constantFrom(...(Object.keys(cells) as (keyof typeof cells)[]))
      .chain((type) =>
        fc
          .array(fc.option<TabletColumn['values'][number]>(cells[type]), { minLength: rowCount, maxLength: rowCount })
          .map((values): TabletColumn => ({ measurement: 'm', type, values })),
      );

  it('of any types, with and without NULLs, are read as they were written', () => {
    const tablet = fc.integer({ min: 1, max: 17 }).chain((rowCount) => fc.array(column(rowCount), { minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(tablet, (columns) => {
        expect(decodeTabletValues(columns, columns[0]!.values.length, encodeTabletValues(columns))).toEqual(columns);
      }),
    );
  });

  it('with fewer bytes than rows are refused', () => {
    const columns = [{ measurement: 'm', type: 'INT32' as const }];
    expect(() => decodeTabletValues(columns, 2, Buffer.alloc(4))).toThrow('4 bytes wanted where 0 are left');
    expect(() => decodeTabletValues(columns, 2 ** 31 - 1, Buffer.alloc(4))).toThrow('2147483647 rows in 4 bytes');
  });
});
