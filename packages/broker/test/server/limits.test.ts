import { connect, createServer, type Server, type Socket } from 'node:net';
import { FakeClock } from '@millrace/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BufferPool } from '../../src/server/buffer-pool.ts';
import type { Serve } from '../../src/server/connection.ts';
import { FrameReader } from '../../src/server/frame-reader.ts';
import { Listener, type ListenerOptions, type Network } from '../../src/server/listener.ts';
import { MemoryBudget } from '../../src/server/memory-budget.ts';
import { recordingLogger } from '../test-broker.ts';

const mebibyte = 1024 * 1024;
const minuteMs = 60_000;
const request = Buffer.from([0, 0, 0, 1, 7]);
const never = new AbortController().signal;

async function listen(serve: Serve, options: Partial<ListenerOptions> = {}) {
  const clock = new FakeClock();
  const logger = recordingLogger();
  const accepted: Socket[] = [];
  const network = {
    createServer: (how: { readonly allowHalfOpen: boolean }, accept: (socket: Socket) => void) =>
      createServer(how, (socket) => {
        accepted.push(socket);
        accept(socket);
      }),
  };
  const limits = { host: '127.0.0.1', port: 0, connectionsMax: 100, requestBytesMax: 100 * mebibyte, clock, network };
  const listener = new Listener({ ...limits, ...options }, serve, logger);
  onTestFinished(() => listener.close());
  return { port: await listener.open(), clock, logger, listener, accepted };
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.on('error', () => {});
  return socket;
}

function closed(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** Resolves once it was called so many times. */
function counter() {
  let count = 0;
  let waiting: { at: number; resolve: () => void }[] = [];
  return {
    hit() {
      count++;
      for (const { at, resolve } of waiting) if (at === count) resolve();
      waiting = waiting.filter(({ at }) => at > count);
    },
    reached: (at: number) => new Promise<void>((resolve) => (count >= at ? resolve() : waiting.push({ at, resolve }))),
  };
}

describe('a client that says nothing', () => {
  it('is let go after ten minutes, unless it waits for an answer', async () => {
    const served = counter();
    const { port, clock, listener } = await listen(() => {
      served.hit();
      return new Promise(() => {});
    });
    const idle = await open(port);
    const waiting = await open(port);
    waiting.write(request);
    await served.reached(1);
    clock.advance(9 * minuteMs);
    expect(listener.connectionCount).toBe(2);
    const gone = closed(idle);
    clock.advance(2 * minuteMs);
    await gone;
    expect(waiting.destroyed).toBe(false);
  });

  it('is not let go as long as it asks now and then', async () => {
    const { port, clock } = await listen(() => [Buffer.from('ok')]);
    const socket = await open(port);
    for (let i = 0; i < 5; i++) {
      const answered = new Promise((resolve) => socket.once('data', resolve));
      socket.write(request);
      await answered;
      clock.advance(9 * minuteMs);
    }
    expect(socket.destroyed).toBe(false);
  });
});

describe('a request that never ends', () => {
  it('is given half a minute to go on', async () => {
    const { port, clock, accepted } = await listen(() => [Buffer.from('ok')]);
    const socket = await open(port);
    const arrived = new Promise((resolve) => accepted[0]!.once('data', resolve));
    socket.write(Buffer.from([0, 1, 0, 0, 7]));
    await arrived;
    clock.advance(20_000);
    expect(socket.destroyed).toBe(false);
    const gone = closed(socket);
    clock.advance(20_000);
    await gone;
  });

  it('holds only memory for what has come of it', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 30 }, () => new FrameReader(() => 100 * mebibyte));
    for (const reader of readers) {
      reader.push(Buffer.from([6, 0, 0, 0, 1, 2, 3]), () => {});
      expect(reader.isWithinFrame).toBe(true);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40 * mebibyte);
  });

  it('that ends is whole, however large and in whatever pieces', () => {
    const frame = Buffer.alloc(5 * mebibyte, 'abcdefg');
    const stream = Buffer.concat([Buffer.alloc(4), frame, request]);
    stream.writeInt32BE(frame.length);
    for (const pieceBytes of [1000, 70_000, 3 * mebibyte]) {
      const frames: Buffer[] = [];
      const reader = new FrameReader(() => 100 * mebibyte);
      for (let at = 0; at < stream.length; at += pieceBytes) reader.push(stream.subarray(at, at + pieceBytes), (one) => frames.push(one));
      expect(frames.map((one) => one.length)).toEqual([frame.length, 1]);
      expect(frames[0]!.equals(frame)).toBe(true);
      expect(reader.isWithinFrame).toBe(false);
    }
  });
});

it('reads no more requests of a client than it may have under way', async () => {
  const served = counter();
  const { port, accepted } = await listen(() => {
    served.hit();
    return new Promise(() => {});
  });
  const socket = await open(port);
  socket.write(Buffer.concat(Array.from({ length: 200_000 }, () => request)));
  await served.reached(1);
  expect(accepted[0]!.isPaused()).toBe(true);
  expect(accepted[0]!.bytesRead).toBeLessThan(200_000);
});

it('takes so many connections of one address and no more', async () => {
  const { port, logger, listener } = await listen(() => [Buffer.from('ok')], { connectionsPerAddressMax: 2 });
  const first = await open(port);
  await open(port);
  await closed(await open(port));
  expect(logger.lines).toMatchObject([{ message: 'refused a connection: there are too many of its address' }]);
  first.destroy();
  while (listener.connectionCount > 1) await new Promise((resolve) => setImmediate(resolve));
  const next = await open(port);
  const answered = new Promise((resolve) => next.once('data', resolve));
  next.write(request);
  await answered;
});

describe('the memory of all answers together', () => {
  it('is shared: the less there is, the less one gets, and who finds nothing waits in turn', async () => {
    const budget = new MemoryBudget(16 * mebibyte);
    const granted: number[] = [];
    let next = budget.grant(100 * mebibyte, never);
    while (!(next instanceof Promise)) {
      granted.push(next);
      next = budget.grant(100 * mebibyte, never);
    }
    expect(granted[0]).toBe(4 * mebibyte);
    expect(granted).toEqual([...granted].sort((a, b) => b - a));
    expect(granted.at(-1)).toBe(mebibyte);
    expect(budget.used).toBeLessThanOrEqual(16 * mebibyte);
    const order: string[] = [];
    void next.then(() => order.push('first'));
    const second = Promise.resolve(budget.grant(1000, never)).then(() => order.push('second'));
    expect(budget.isShort).toBe(true);
    budget.release(granted[0]!);
    await second;
    expect(order).toEqual(['first', 'second']);
  });

  it('is not waited for by who is gone, and everybody gets something of an empty one', async () => {
    const budget = new MemoryBudget(mebibyte);
    expect(budget.grant(mebibyte, never)).toBe(mebibyte);
    const gone = new AbortController();
    const waiting = budget.grant(mebibyte, gone.signal);
    const behind = budget.grant(10, never);
    gone.abort();
    expect(await waiting).toBe(0);
    budget.release(mebibyte);
    expect(await behind).toBe(10);
    budget.force(5 * mebibyte);
    budget.release(5 * mebibyte + 10);
    expect(budget.used).toBe(0);
  });

  it('is not held by clients that take no answers, once others want it', async () => {
    const pool = new BufferPool(8 * mebibyte);
    const served = counter();
    const serve: Serve = async (_, __, memory) => {
      const bytes = await memory.reserve(100 * mebibyte);
      const answer = memory.allocate(bytes);
      served.hit();
      return [answer];
    };
    const { port, clock, listener } = await listen(serve, { pool });
    const slow = await Promise.all(Array.from({ length: 10 }, () => open(port)));
    const gone = new Set<Socket>();
    for (const socket of slow) {
      socket.pause();
      socket.once('close', () => gone.add(socket));
      socket.write(Buffer.concat([request, request, request, request, request, request, request, request]));
    }
    while (!pool.budget.isShort) await new Promise((resolve) => setImmediate(resolve));
    expect(pool.budget.used).toBeLessThanOrEqual(8 * mebibyte);
    const quick = await open(port);
    const answered = new Promise((resolve) => quick.once('data', resolve));
    quick.write(request);
    await new Promise((resolve) => setImmediate(resolve));
    const before = listener.connectionCount;
    while (listener.connectionCount === before) {
      clock.advance(10_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let isAnswered = false; !isAnswered; ) {
      clock.advance(10_000);
      isAnswered = await Promise.race([answered.then(() => true), new Promise<false>((resolve) => setImmediate(() => resolve(false)))]);
    }
    expect(quick.destroyed).toBe(false);
  });
});

it('clients that cannot be taken in, however many, do not end the broker', async () => {
  let server: Server | undefined;
  const network: Network = {
    createServer: (how, accept) => {
      server = createServer(how, accept);
      return server;
    },
  };
  const { port, logger } = await listen(() => [request], { network });
  for (let i = 0; i < 3; i++) server!.emit('error', new Error('accept EMFILE'));
  expect(logger.lines.map(({ fields }) => fields.error)).toEqual(Array(3).fill('accept EMFILE'));
  await open(port);
});

it('a client that sends many requests ahead lets others have their turn', async () => {
  const served: number[] = [];
  const clock = new FakeClock();
  const serve: Serve = (frame) => {
    served.push(frame[0]!);
    clock.advance(3);
    return [request];
  };
  const { port } = await listen(serve, { clock });
  const [many, one] = [await open(port), await open(port)];
  const framed = (who: number) => Buffer.from([0, 0, 0, 1, who]);
  many.write(Buffer.concat(Array(90).fill(framed(1))));
  one.write(framed(2));
  await new Promise((resolve) => one.once('data', resolve));
  expect(served.indexOf(2)).toBeLessThan(80);
  expect(served.length).toBeLessThan(90);
});
