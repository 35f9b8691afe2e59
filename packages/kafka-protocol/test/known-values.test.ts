import { crc32c } from '@node-rs/crc32';
import { describe, expect, it } from 'vitest';
import {
  apis,
  decodeAssignment,
  decodeResponse,
  decodeSubscription,
  encodeAssignment,
  encodeRequest,
  encodeResponse,
  encodeSubscription,
  errorCode,
  errorOf,
  errorTable,
  murmur2,
  partitionForKey,
} from '../src/index.ts';

describe('murmur2', () => {
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('of "%s" is what Java computes', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
    expect(murmur2(Buffer.from(`__${text}_`), 2, 2 + text.length)).toBe(hash);
  });

  // From kafka-clients 4.1.1: Utils.murmur2, and Utils.toPositive of it modulo 12.
  it.each([
    ['', 275646681, 9],
    ['9f', 1896891531, 3],
    ['be1f', -281346727, 1],
    ['dd3e9f', 439233300, 0],
    ['fc5dbe1f', -1418504756, 0],
    ['1b7cdd3e9f', 1547076996, 0],
    ['3a9bfc5dbe1f', 361611868, 4],
    ['59ba1b7cdd3e9f', -2032349599, 1],
    ['78d93a9bfc5dbe1f', 659653839, 3],
    ['97f859ba1b7cdd3e9f', 1197690320, 8],
    ['b61778d93a9bfc5dbe1f', 894306250, 10],
    ['d53697f859ba1b7cdd3e9f', -1501148472, 8],
    ['f455b61778d93a9bfc5dbe1f', 513525660, 0],
    ['1374d53697f859ba1b7cdd3e9f', -1445090784, 8],
  ])('of the bytes %s is what Java computes, and so is the partition', (hex, hash, partition) => {
    expect(murmur2(Buffer.from(hex, 'hex'))).toBe(hash);
    expect(partitionForKey(Buffer.from(hex, 'hex'), 12)).toBe(partition);
  });

  it('chooses a partition with the sign bit taken off', () => {
    expect(partitionForKey(Buffer.from('21'), 10)).toBe((-973932308 & 0x7fffffff) % 10);
  });
});

describe('CRC-32C', () => {
  it('has the check value of its catalogue entry', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });
});

describe('well-known frames', () => {
  it('ApiVersions 0 is a bare header', () => {
    expect(encodeRequest(apis.apiVersions, 0, { correlationId: 1, clientId: null }, {}).toString('hex')).toBe(
      '0000000a0012000000000001ffff',
    );
  });

  it('ApiVersions 3 has compact strings and empty tagged fields', () => {
    const frame = encodeRequest(
      apis.apiVersions,
      3,
      { correlationId: 2, clientId: 'me' },
      { clientSoftwareName: 'millrace', clientSoftwareVersion: '1' },
    );
    expect(frame.toString('hex')).toBe('0000001900120003000000020002' + '6d65' + '00' + '096d696c6c72616365' + '0231' + '00');
  });

  it('the answer to ApiVersions 3 has the header of version 0', () => {
    const frame = Buffer.concat(
      encodeResponse(apis.apiVersions, 3, 5, { errorCode: 0, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] }),
    );
    expect(frame.toString('hex')).toBe('00000013' + '00000005' + '0000' + '02' + '001200000004' + '00' + '00000000' + '00');
  });

  it('a tagged field is written only if it differs from its fallback', () => {
    const frame = Buffer.concat(encodeResponse(apis.apiVersions, 3, 5, { errorCode: 0, apiKeys: [], finalizedFeaturesEpoch: 9 }));
    expect(frame.toString('hex')).toBe('00000016' + '00000005' + '0000' + '01' + '00000000' + '01' + '0108' + '0000000000000009');
    expect(decodeResponse(apis.apiVersions, 3, frame.subarray(4)).finalizedFeaturesEpoch).toBe(9);
  });
});

describe('the consumer protocol', () => {
  it('has the bytes that Java writes', () => {
    expect(encodeSubscription(0, { topics: ['t'] }).toString('hex')).toBe('0000' + '00000001' + '000174' + 'ffffffff');
    expect(encodeAssignment(0, { assignedPartitions: [{ topic: 't', partitions: [0, 1] }] }).toString('hex')).toBe(
      '0000' + '00000001' + '000174' + '00000002' + '00000000' + '00000001' + 'ffffffff',
    );
  });

  it('comes back in every version', () => {
    for (const version of [0, 1, 2, 3] as const) {
      const given = {
        topics: ['a', 'b'],
        userData: Buffer.from('x'),
        ownedPartitions: [{ topic: 'a', partitions: [2] }],
        generationId: 4,
        rackId: 'r',
      };
      const read = decodeSubscription(encodeSubscription(version, given));
      expect(read).toEqual({
        ...given,
        ownedPartitions: version >= 1 ? given.ownedPartitions : [],
        generationId: version >= 2 ? 4 : -1,
        rackId: version >= 3 ? 'r' : null,
      });
    }
  });

  it('of clients that leave out the fields of the version that they name are read nevertheless', () => {
    const named = encodeSubscription(0, { topics: ['t'], userData: Buffer.from('u') });
    named.writeInt16BE(1, 0);
    expect(decodeSubscription(named)).toMatchObject({ topics: ['t'], userData: Buffer.from('u'), ownedPartitions: [] });
  });

  it('reads a newer version as the newest that it knows', () => {
    const newer = Buffer.concat([encodeAssignment(3, { assignedPartitions: [{ topic: 't', partitions: [7] }] }), Buffer.from('more')]);
    newer.writeInt16BE(9, 0);
    expect(decodeAssignment(newer).assignedPartitions).toEqual([{ topic: 't', partitions: [7] }]);
  });

  it('takes an empty message for no partitions', () => {
    expect(decodeAssignment(Buffer.alloc(0)).assignedPartitions).toEqual([]);
  });
});

describe('the error table', () => {
  it('is dense from -1 on, with names that are used once', () => {
    expect(errorTable.map(({ code }) => code)).toEqual(errorTable.map((_, index) => index - 1));
    expect(new Set(errorTable.map(({ name }) => name)).size).toBe(errorTable.length);
  });

  it('goes both ways', () => {
    expect(errorCode('NOT_LEADER_OR_FOLLOWER')).toBe(6);
    expect(errorOf(6)).toMatchObject({ name: 'NOT_LEADER_OR_FOLLOWER', retriable: true });
    expect(errorOf(4711)).toMatchObject({ code: 4711, retriable: false });
  });
});
