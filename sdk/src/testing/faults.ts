/**
 * What may happen to a message on its way: `drop`: it never arrives. `disconnect`: the connection breaks before it arrives. `lose-answer`: it
 * arrives, and the connection breaks before the answer does. `{ delayMs }`: it arrives later.
 */
export type Fault = 'drop' | 'disconnect' | 'lose-answer' | { readonly delayMs: number };

export interface SeededFaults {
  /** Share of the messages that something happens to, 0 … 1. */
  readonly rate: number;
  /** What may happen; everything but `drop` without it, which only those notice who have a time-out. */
  readonly kinds?: readonly ('drop' | 'disconnect' | 'lose-answer' | 'delay')[];
  /** Longest delay, milliseconds; 20 without it. */
  readonly maxDelayMs?: number;
}

/** Decides what happens to each message, the same each time. */
export class Faults {
  readonly #decide: (call: number) => Fault | undefined;
  #calls = 0;

  constructor(decide: (call: number) => Fault | undefined) {
    this.#decide = decide;
  }

  /** @param faults by the number of the message, from 1 on */
  static at(faults: Readonly<Record<number, Fault>>): Faults {
    return new Faults((call) => faults[call]);
  }

  static none(): Faults {
    return Faults.at({});
  }

  /** @param seed the same seed, the same faults */
  static seeded(seed: number, { rate, kinds = ['disconnect', 'lose-answer', 'delay'], maxDelayMs = 20 }: SeededFaults): Faults {
    const random = seededRandom(seed);
    return new Faults(() => {
      const [whether, which, howLong] = [random(), random(), random()];
      if (whether >= rate) return undefined;
      const kind = kinds[Math.floor(which * kinds.length)];
      return kind === 'delay' ? { delayMs: Math.ceil(howLong * maxDelayMs) } : kind;
    });
  }

  /** How many messages there were. */
  get calls(): number {
    return this.#calls;
  }

  /** What happens to the next message; undefined = nothing. */
  next(): Fault | undefined {
    return this.#decide(++this.#calls);
  }
}

/** Numbers from 0 to 1, without 1. @see mulberry32, Tommy Ettinger, public domain */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
