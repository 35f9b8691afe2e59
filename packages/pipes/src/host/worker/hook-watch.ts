import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import type { Clock } from '@millrace/core';
import { type HookRunner, HookTimedOut, type RunHook } from '../run-hook.ts';
import { IntrinsicsGuard, intrinsicName } from './intrinsics-guard.ts';
import { MemoryUse } from './memory-use.ts';

/** Places in the memory that a worker shares with who watches it. */
const places = { beat: 0, stage: 1, hook: 2, end: 3 } as const;

/** Hooks by number. What is not listed is shown as its last, general, entry. */
const hookNames = [
  'open',
  'map',
  'filter',
  'flatMap',
  'process',
  'processBatch',
  'transfer',
  'delete',
  'heartbeat',
  'next',
  'select',
  'attributes',
  'columns',
  'close',
  'a hook',
] as const;

/** How often who watches a worker looks whether it still comes round: some times in the time that a hook may take, and often enough for memory. */
export function watchIntervalMs(timeoutMs: number): number {
  return Math.min(250, timeoutMs / 8);
}

/** What is in hand in a worker: `stage` 0 = nothing that is known. */
export interface InHand {
  readonly stage: number;
  readonly hook: string;
}

/** A memory that is shared by a worker and who watches it. */
export function watchMemory(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(Object.keys(places).length * 4));
}

/** What the worker was at when it was last heard of. */
export function inHand(memory: Int32Array): InHand {
  return { stage: Atomics.load(memory, places.stage), hook: hookNames[Atomics.load(memory, places.hook)] ?? hookNames.at(-1)! };
}

/** Changes as long as the worker comes round. */
export function beatOf(memory: Int32Array): number {
  return Atomics.load(memory, places.beat);
}

/** Why a worker has ended itself: for want of memory, or because something that everything in it uses was changed; null = it has not. */
export function ownEnd(memory: Int32Array): { readonly cause: 'memory' } | { readonly cause: 'changed'; readonly what: string } | null {
  const end = Atomics.load(memory, places.end);
  if (end === 0) return null;
  return end === outOfMemory ? { cause: 'memory' } : { cause: 'changed', what: intrinsicName(end - firstChanged) };
}

const outOfMemory = 1;
const firstChanged = 2;

interface Call {
  readonly stage: number;
  readonly hook: number;
}

/**
 * In a worker: says in the shared memory which stage and hook are in hand, also in what a hook has left to run later (after an await, in a
 * timer), and gives every call of a hook its time.
 */
export class HookWatch implements HookRunner {
  readonly #memory: Int32Array;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #calls = new AsyncLocalStorage<Call>();
  readonly #guard = new IntrinsicsGuard();
  readonly #modules = new Set<string>();
  readonly #use: MemoryUse;
  // Taken before code of users runs.
  readonly #exit = process.exit.bind(process);

  constructor(memory: Int32Array, clock: Clock, { timeoutMs, memoryMb }: { readonly timeoutMs: number; readonly memoryMb: number }) {
    this.#memory = memory;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    createHook({ before: () => this.#show(this.#calls.getStore()) }).enable();
    this.#use = new MemoryUse(memoryMb);
    this.#beat(watchIntervalMs(timeoutMs) / 2);
  }

  /** Runs what is done for a stage: hooks that are called in it are the stage's. */
  forStage<T>(stage: number, run: () => T): T {
    const call = { stage, hook: hookNames.length - 1 };
    this.#show(call);
    return this.#calls.run(call, run);
  }

  /** What a module changes while it is loaded is its package's own affair. */
  loaded(module: string): void {
    if (this.#modules.has(module)) return;
    this.#modules.add(module);
    this.#guard.accept();
  }

  /** @throws {HookTimedOut} */
  readonly run: RunHook = (hook, call) => {
    const index = hookNames.indexOf(hook as (typeof hookNames)[number]);
    const mine = { stage: this.#calls.getStore()?.stage ?? 0, hook: index < 0 ? hookNames.length - 1 : index };
    return this.#calls.run(mine, async () => {
      this.#show(mine);
      const result = call();
      this.#check(mine);
      if (!isPromise(result)) return result;
      try {
        // A source waits for its rows as long as it takes.
        return await (hook === 'next' ? result : this.#inTime(result));
      } finally {
        this.#check(mine);
      }
    });
  };

  /** Whoever has changed what the neighbours use too takes the worker with it: nothing in it can be trusted any more. */
  #check(call: Call): void {
    const changed = this.#guard.changed();
    if (changed >= 0) this.#end(firstChanged + changed, call);
  }

  #end(reason: number, call: Call | undefined): void {
    if (call !== undefined) this.#show(call);
    Atomics.store(this.#memory, places.end, reason);
    this.#exit(1);
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = this.#clock.setTimer(this.#timeoutMs, () => reject(new HookTimedOut(this.#timeoutMs)));
      Promise.resolve(work)
        .then(resolve, reject)
        .finally(() => timer.cancel());
    });
  }

  #show(call: Call | undefined): void {
    Atomics.store(this.#memory, places.stage, call?.stage ?? 0);
    Atomics.store(this.#memory, places.hook, call?.hook ?? hookNames.length - 1);
  }

  #beat(everyMs: number): void {
    this.#clock.setTimer(
      everyMs,
      () => {
        Atomics.add(this.#memory, places.beat, 1);
        if (this.#use.isTooMuch()) this.#end(outOfMemory, undefined);
        this.#beat(everyMs);
      },
      { unref: true },
    );
  }
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}
