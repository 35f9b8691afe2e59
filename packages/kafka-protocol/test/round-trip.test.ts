import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Api, apis, decodeRequest, decodeRequestHeader, decodeResponse, encodeRequest, encodeResponse } from '../src/index.ts';
import { messageOf, versionsOf } from './arbitrary.ts';

const runs = { numRuns: 8 };

describe('every version of every API', () => {
  for (const api of Object.values(apis) as Api[]) {
    it(`of ${api.name} comes back as it was sent`, () => {
      for (const version of versionsOf(api)) {
        fc.assert(
          fc.property(messageOf(api.request, version), fc.integer(), fc.option(fc.string()), (request, correlationId, clientId) => {
            const frame = encodeRequest(api, version, { correlationId, clientId }, request as never);
            expect(frame.readInt32BE(0)).toBe(frame.length - 4);
            const header = decodeRequestHeader(frame.subarray(4));
            expect(header).toMatchObject({ apiKey: api.key, apiVersion: version, correlationId, clientId });
            expect(decodeRequest(api, version, frame.subarray(4), header.bodyOffset)).toMatchObject(request);
          }),
          runs,
        );
        fc.assert(
          fc.property(messageOf(api.response, version), (response) => {
            const frame = Buffer.concat(encodeResponse(api, version, 77, response as never));
            expect(frame.readInt32BE(0)).toBe(frame.length - 4);
            expect(frame.readInt32BE(4)).toBe(77);
            expect(decodeResponse(api, version, frame.subarray(4))).toMatchObject(response);
          }),
          runs,
        );
      }
    });
  }
});

describe('encoding', () => {
  it('passes large records on without copying them', () => {
    const batch = Buffer.alloc(10_000, 1);
    const parts = encodeResponse(apis.fetch, 12, 1, {
      responses: [{ topic: 't', partitions: [{ partitionIndex: 0, errorCode: 0, highWatermark: 1, records: [batch, batch] }] }],
    });
    expect(parts.filter((part) => part === batch)).toHaveLength(2);
    expect(decodeResponse(apis.fetch, 12, Buffer.concat(parts).subarray(4)).responses[0]!.partitions[0]!.records).toEqual(
      Buffer.concat([batch, batch]),
    );
  });

  it('refuses a version that the API does not have', () => {
    expect(() => encodeRequest(apis.fetch, 3, { correlationId: 0, clientId: null }, {} as never)).toThrow(
      'Fetch has no version 3; known are 4 to 12',
    );
  });

  it('refuses a number that does not fit 53 bits', () => {
    const commit = {
      groupId: 'g',
      memberId: '',
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 2 ** 53, committedMetadata: null }] }],
    };
    expect(() => encodeRequest(apis.offsetCommit, 8, { correlationId: 0, clientId: null }, commit)).toThrow('53 bits');
  });
});

describe('decoding', () => {
  it('gives fields that the version lacks their fallback', () => {
    const frame = encodeRequest(
      apis.initProducerId,
      2,
      { correlationId: 0, clientId: null },
      { transactionalId: 'x', transactionTimeoutMs: 5 },
    );
    const { bodyOffset } = decodeRequestHeader(frame.subarray(4));
    expect(decodeRequest(apis.initProducerId, 2, frame.subarray(4), bodyOffset)).toEqual({
      transactionalId: 'x',
      transactionTimeoutMs: 5,
      producerId: -1,
      producerEpoch: -1,
    });
  });

  it('skips tagged fields that it does not know', () => {
    // Heartbeat 4: no error, then two tagged fields of 1 and 2 bytes.
    const frame = Buffer.from([0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 27, 2, 5, 1, 0xff, 6, 2, 0xff, 0xff]);
    expect(decodeResponse(apis.heartbeat, 4, frame)).toEqual({ throttleTimeMs: 0, errorCode: 27 });
  });

  it('reads the beginning of the header of an API or a version that it does not know', () => {
    const header = Buffer.from('00120063000000050002 6d65'.replace(' ', ''), 'hex');
    expect(decodeRequestHeader(header)).toEqual({ apiKey: 18, apiVersion: 99, correlationId: 5, clientId: 'me', bodyOffset: 12 });
    header.writeInt16BE(999, 0);
    expect(decodeRequestHeader(header).apiKey).toBe(999);
  });
});
