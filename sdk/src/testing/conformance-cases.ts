import { deepStrictEqual, fail, ok, rejects, strictEqual } from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { NotConnected } from '../errors.ts';
import { Clock } from '../services.ts';
import type { Bench, BenchDriver } from './bench.ts';
import { ConnectorDriver } from './connector-driver.ts';
import { rowsEvent } from './memory-rows.ts';
import { provide } from './test-services.ts';

/** What a target may be able to do besides taking rows. */
export type TargetAbility = 'goDown' | 'hold' | 'badRow';

interface Case {
  readonly name: string;
  readonly needs?: TargetAbility;
  /** Only of connectors that take several events at once. */
  readonly isUnordered?: boolean;
  readonly run: (bench: Bench) => Promise<void>;
}

/** How long a transfer is watched that shall not end, milliseconds. */
const watchedMs = 50;

export const conformanceCases: readonly Case[] = [
  { name: 'opens, answers a heartbeat and closes without an event', run: opensAndCloses },
  { name: 'has delivered an event when transfer resolves, its rows in their order', run: deliversInOrder },
  { name: 'delivers an event of 2,000 rows', run: deliversManyRows },
  { name: 'delivers everything at least once, wherever the server is killed', run: survivesCrashes },
  { name: 'delivers events that it is given at once', isUnordered: true, run: deliversAtOnce },
  { name: 'keeps two instances apart', run: keepsInstancesApart },
  { name: 'can be closed twice', run: closesTwice },
  { name: 'throws NotConnected from open while the target is away', needs: 'goDown', run: refusesToOpen },
  {
    name: 'throws NotConnected when the target has gone away, and goes on with a new handshake when it is back',
    needs: 'goDown',
    run: reconnects,
  },
  { name: 'resolves transfer only when the target has answered', needs: 'hold', run: waitsForTarget },
  { name: 'ends transfer when its signal is aborted', needs: 'hold', run: endsWhenAborted },
  { name: 'lets the other rows through where one is bad', needs: 'badRow', run: isolatesBadRow },
];

async function opensAndCloses(bench: Bench): Promise<void> {
  const driver = open(bench);
  await driver.open();
  await driver.heartbeat();
  await driver.close();
  deepStrictEqual(await bench.target.received(), [], 'rows arrived that were not sent');
}

async function deliversInOrder(bench: Bench): Promise<void> {
  const driver = open(bench);
  const sizes = [1, 3, 1, 17, 2];
  let sent = 0;
  for (const size of sizes) {
    await driver.send(bench.event(sent, size));
    sent += size;
    expectRows(bench, await bench.target.received(), sent);
  }
  await driver.close();
  expectRows(bench, await bench.target.received(), sent);
}

async function deliversManyRows(bench: Bench): Promise<void> {
  const driver = open(bench);
  await driver.send(bench.event(0, 2_000));
  await driver.close();
  expectRows(bench, await bench.target.received(), 2_000);
}

async function deliversAtOnce(bench: Bench): Promise<void> {
  const driver = open(bench);
  await Promise.all(Array.from({ length: driver.concurrency }, (_, event) => driver.send(bench.event(event * 3, 3))));
  await driver.close();
  expectRows(bench, await bench.target.received(), driver.concurrency * 3);
}

/** Where in the life of an event the server dies. */
const crashPoints = ['after open', 'while the event is sent', 'when it is delivered and not committed', 'never'] as const;

async function survivesCrashes(bench: Bench): Promise<void> {
  const abandoned: Promise<unknown>[] = [];
  const zombies: BenchDriver[] = [];
  let driver = open(bench);
  const crash = () => {
    zombies.push(driver);
    driver = open(bench);
  };
  let committed = 0;
  for (const point of [...crashPoints, ...crashPoints]) {
    const event = bench.event(committed, 5);
    if (point === 'after open') {
      await driver.open();
      crash();
    } else if (point === 'while the event is sent') {
      abandoned.push(driver.send(event).catch(() => {}));
      crash();
    } else if (point === 'when it is delivered and not committed') {
      await driver.send(event);
      crash();
    }
    await driver.send(event);
    committed += 5;
  }
  await Promise.all(abandoned);
  for (const opened of [driver, ...zombies]) await opened.close();
  const received = await bench.target.received();
  expectRows(bench, [...new Set(received)], committed);
}

async function keepsInstancesApart(bench: Bench): Promise<void> {
  const [one, other] = [open(bench), open(bench)];
  await one.send(bench.event(0, 2));
  await other.send(bench.event(2, 2));
  await one.close();
  await other.send(bench.event(4, 2));
  await other.close();
  expectRows(bench, await bench.target.received(), 6);
}

async function closesTwice(bench: Bench): Promise<void> {
  const driver = open(bench);
  await driver.send(bench.event(0, 1));
  await driver.close(2);
  await driver.send(bench.event(1, 1));
  await driver.close();
  expectRows(bench, await bench.target.received(), 2);
}

async function refusesToOpen(bench: Bench): Promise<void> {
  await bench.target.goDown?.();
  await rejects(within(bench, open(bench).open(), 'open'), NotConnected, 'open must throw NotConnected while the target is away');
}

async function reconnects(bench: Bench): Promise<void> {
  const driver = open(bench);
  await driver.send(bench.event(0, 3));
  await bench.target.goDown?.();
  await rejects(
    within(bench, driver.send(bench.event(3, 3)), 'transfer'),
    NotConnected,
    'transfer must throw NotConnected while the target is away',
  );
  await driver.close();
  await bench.target.comeBack?.();
  await driver.send(bench.event(3, 3));
  await driver.close();
  expectRows(bench, [...new Set(await bench.target.received())], 6);
}

async function waitsForTarget(bench: Bench): Promise<void> {
  const driver = open(bench);
  await driver.send(bench.event(0, 1));
  await bench.target.hold?.();
  const sent = driver.send(bench.event(1, 1));
  ok(await isPending(sent), 'transfer has resolved though the target has not answered');
  await bench.target.release?.();
  await within(bench, sent, 'transfer, after the target was released,');
  await driver.close();
  expectRows(bench, await bench.target.received(), 2);
}

async function endsWhenAborted(bench: Bench): Promise<void> {
  const driver = open(bench);
  await driver.send(bench.event(0, 1));
  await bench.target.hold?.();
  const sent = driver.send(bench.event(1, 1));
  ok(await isPending(sent), 'transfer has resolved though the target has not answered');
  const closed = driver.close();
  const outcome = sent.then(
    () => 'delivered',
    () => 'failed',
  );
  const ended = await Promise.race([outcome, wait(bench.patienceMs, 'pending', { ref: false })]);
  strictEqual(ended, 'failed', 'transfer must fail when its signal is aborted and the target does not answer');
  await bench.target.release?.();
  await within(bench, closed, 'close');
}

async function isolatesBadRow(bench: Bench): Promise<void> {
  const { badRow } = bench.target;
  if (badRow === undefined) fail('the target says that it refuses a row, but not which');
  const driver = open(bench);
  const good = bench.event(0, 4);
  const event = rowsEvent(good.stream, [good.row(0), good.row(1), badRow, good.row(2), good.row(3)], { columns: good.columns });
  const dead = await driver.deliver(event);
  await driver.close();
  deepStrictEqual(
    dead.map(({ row }) => row),
    [badRow],
    'the bad row, and only that, must be singled out',
  );
  expectRows(bench, [...new Set(await bench.target.received())], 4);
}

/** Time is real: targets are. */
const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  delay: (ms, signal) => wait(ms, undefined, signal === undefined ? {} : { signal }),
};

function open({ connector, target, opened }: Bench): BenchDriver {
  const driver = new ConnectorDriver(connector, {
    attributes: target.attributes,
    services: [provide(Clock, systemClock), ...(target.services ?? [])],
    settings: target.settings ?? {},
  });
  opened.push(driver);
  return driver;
}

function expectRows({ isOrdered }: Bench, received: readonly number[], count: number): void {
  const expected = Array.from({ length: count }, (_, n) => n);
  const found = isOrdered ? received : received.toSorted((one, other) => one - other);
  deepStrictEqual(
    [...found],
    expected,
    `the target must hold the rows 0 … ${count - 1}${isOrdered ? ', in this order' : ''}: it holds ${found.join(' ')}`,
  );
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => false,
    () => false,
  );
  return await Promise.race([settled, wait(watchedMs, true)]);
}

/** @throws {Error} if it takes too long */
export async function within<T>({ patienceMs }: Bench, promise: Promise<T>, what: string): Promise<T> {
  const late = new AbortController();
  const timer = wait(patienceMs, undefined, { signal: late.signal });
  try {
    return await Promise.race([promise, timer.then(() => fail(`${what} took more than ${patienceMs} ms`))]);
  } finally {
    late.abort();
  }
}
