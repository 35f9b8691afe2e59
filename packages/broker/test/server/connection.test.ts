import { connect, type Socket } from 'node:net';
import { silentLogger } from '@millrace/core';
import { expect, it, onTestFinished } from 'vitest';
import { BufferPool } from '../../src/server/buffer-pool.ts';
import type { Serve } from '../../src/server/connection.ts';
import { FrameReader } from '../../src/server/frame-reader.ts';
import { Listener } from '../../src/server/listener.ts';
import { recordingLogger } from '../test-broker.ts';

async function listen(serve: Serve, logger = silentLogger): Promise<number> {
  const listener = new Listener({ host: '127.0.0.1', port: 0, connectionsMax: 10, requestBytesMax: 1000 }, serve, logger);
  onTestFinished(() => listener.close());
  return listener.open();
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

const request = Buffer.from([0, 0, 0, 1, 7]);
const requests = (count: number) => Buffer.concat(Array.from({ length: count }, () => request));

function received(socket: Socket, bytes: number): Promise<void> {
  let count = 0;
  return new Promise((resolve) => {
    socket.on('data', (chunk) => {
      count += chunk.length;
      if (count >= bytes) resolve();
    });
  });
}

it('serves a client that reads nothing only as far as the socket takes it, and goes on when it reads', async () => {
  const size = 1024 * 1024;
  let served = 0;
  let onServed = () => {};
  const port = await listen((_, __, { allocate }) => {
    served++;
    onServed();
    return [allocate(size)];
  });
  const slow = await open(port);
  slow.write(requests(200));
  // Another client's ten requests take longer than the slow one's, if those were served.
  const quick = await open(port);
  quick.write(requests(50));
  await received(quick, 50 * size);
  const servedToSlow = served - 50;
  expect(servedToSlow).toBeLessThan(40);
  onServed = () => {};
  await received(slow, 200 * size);
  expect(served).toBe(250);
});

it('answers what was asked before the client stopped sending', async () => {
  const port = await listen(async () => {
    await Promise.resolve();
    return [Buffer.from('answer')];
  });
  const socket = await open(port);
  const all = received(socket, 18);
  socket.end(requests(3));
  await all;
});

it('a failure of ours closes the connection with an error in the log, and the next client is served', async () => {
  const logger = recordingLogger();
  let isFirst = true;
  const port = await listen(() => {
    if (!isFirst) return [Buffer.from('ok')];
    isFirst = false;
    throw new TypeError('a defect');
  }, logger);
  const socket = await open(port);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(request);
  await closed;
  expect(logger.lines).toMatchObject([{ message: 'a request failed, so its connection is closed', fields: { error: 'a defect' } }]);
  const next = await open(port);
  const answered = received(next, 2);
  next.write(request);
  await answered;
});

it('tells the one who serves when the client is gone', async () => {
  let signal: AbortSignal | undefined;
  let onServe = () => {};
  const serving = new Promise<void>((resolve) => {
    onServe = resolve;
  });
  const port = await listen((_, peer) => {
    signal = peer.signal;
    onServe();
    return new Promise(() => {});
  });
  const socket = await open(port);
  socket.write(request);
  await serving;
  const aborted = new Promise((resolve) => signal!.addEventListener('abort', resolve));
  socket.resetAndDestroy();
  await aborted;
});

it('cuts a stream into the same frames wherever it is split', () => {
  const stream = Buffer.concat([requests(2), Buffer.from([0, 0, 0, 5, 1, 2, 3, 4, 5]), Buffer.from([0, 0, 0, 0]), request]);
  for (let first = 0; first <= stream.length; first++) {
    for (let second = first; second <= stream.length; second++) {
      const reader = new FrameReader(() => 10);
      const frames: string[] = [];
      for (const chunk of [stream.subarray(0, first), stream.subarray(first, second), stream.subarray(second)]) {
        reader.push(chunk, (frame) => frames.push(frame.toString('hex')));
      }
      expect(frames).toEqual(['07', '07', '0102030405', '', '07']);
    }
  }
});

it('guesses what a client speaks that does not speak Kafka', () => {
  const reader = () => new FrameReader(() => 10);
  expect(() => reader().push(Buffer.from('GET / HTTP/1.1\r\n'), () => {})).toThrow(/legal: the client speaks HTTP/);
  expect(() => reader().push(Buffer.from('1603010200', 'hex'), () => {})).toThrow(/legal: the client speaks TLS/);
  expect(() => reader().push(Buffer.from([0, 0, 0, 11]), () => {})).toThrow(/a request claims 11 bytes; 0 to 10 are legal$/);
});

it('memory is used again once it is released, and not before', () => {
  const pool = new BufferPool();
  const [first, second] = [pool.lease(new AbortController().signal), pool.lease(new AbortController().signal)];
  const a = first.allocate(100_000);
  expect(second.allocate(100_000).buffer).not.toBe(a.buffer);
  first.release();
  expect(pool.lease(new AbortController().signal).allocate(90_000).buffer).toBe(a.buffer);
});
