import { MillraceError } from '@millrace/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Api,
  apis,
  batchEnd,
  decodeAssignment,
  decodeHeaders,
  decodeRecords,
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  decodeSubscription,
  encodeBatch,
  encodeResponse,
  RecordSpans,
} from '../src/index.ts';
import { messageOf } from './arbitrary.ts';

/** Runs `action`; anything thrown must be the error for bad bytes. */
function refusesOrReads(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof MillraceError && error.code === 'KAFKA_PROTOCOL_INVALID')) throw error;
  }
}

const garbage = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

function mutated(frame: Buffer, changes: readonly (readonly [number, number])[], cut: number): Buffer {
  const copy = Buffer.from(frame.subarray(0, Math.floor(frame.length * cut)));
  for (const [place, value] of changes) if (copy.length > 0) copy[place % copy.length] = value;
  return copy;
}

const mutation = fc.tuple(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.double({ min: 0, max: 1, noNaN: true }));

describe('bytes that are not of the protocol', () => {
  it('are refused as random frames', () => {
    fc.assert(
      fc.property(garbage, (frame) => {
        refusesOrReads(() => decodeRequestHeader(frame));
        refusesOrReads(() => decodeSubscription(frame));
        refusesOrReads(() => decodeAssignment(frame));
        for (const api of Object.values(apis) as Api[]) {
          refusesOrReads(() => decodeRequest(api, api.versions[1], frame, 0));
          refusesOrReads(() => decodeResponse(api, api.versions[0], frame));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('are refused as cut or changed responses', () => {
    for (const api of Object.values(apis) as Api[]) {
      for (const version of api.versions) {
        fc.assert(
          fc.property(messageOf(api.response, version), mutation, (response, [changes, cut]) => {
            const frame = Buffer.concat(encodeResponse(api, version, 1, response as never)).subarray(4);
            refusesOrReads(() => decodeResponse(api, version, mutated(frame, changes, cut)));
          }),
          { numRuns: 10 },
        );
      }
    }
  });

  it('are refused when every byte of a frame is missing in turn', () => {
    const frame = Buffer.concat(
      encodeResponse(apis.metadata, 9, 1, {
        brokers: [{ nodeId: 1, host: 'h', port: 9 }],
        topics: [{ errorCode: 0, name: 't', partitions: [] }],
      }),
    ).subarray(4);
    for (let length = 0; length < frame.length; length++) {
      expect(() => decodeResponse(apis.metadata, 9, frame.subarray(0, length))).toThrow(MillraceError);
    }
  });

  it('do not make a reader allocate what a length only claims', () => {
    // Metadata 0 with 2^31 - 1 brokers in ten bytes.
    const frame = Buffer.from('000000017fffffff0000', 'hex');
    expect(() => decodeResponse(apis.metadata, 0, frame)).toThrow('an array of 2147483647 does not fit into 2 bytes');
  });
});

describe('a damaged record batch', () => {
  const records = Array.from({ length: 20 }, (_, index) => ({
    timestampMs: 1_700_000_000_000 + index * 100,
    key: index % 3 === 0 ? null : Buffer.from(`key-${index}`),
    value: Buffer.alloc(index * 11, index),
    headers: index % 5 === 0 ? [{ key: 'h', value: Buffer.from('v') }] : [],
  }));

  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    it(`(${compression}) is refused or read, never anything else`, () => {
      const batch = encodeBatch(records, { compression });
      const spans = new RecordSpans();
      fc.assert(
        fc.property(mutation, ([changes, cut]) => {
          const damaged = mutated(batch, changes, 0.3 + 0.7 * cut);
          spans.clear();
          refusesOrReads(() => {
            const end = batchEnd(damaged, 0, damaged.length);
            if (end === -1) return;
            decodeRecords(damaged, 0, end, spans);
            for (let index = 0; index < spans.count; index++) decodeHeaders(spans, index);
          });
        }),
        { numRuns: 300 },
      );
    });
  }
});
