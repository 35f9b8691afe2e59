import type { Json, KeyedState } from '@millrace/sdk';

/** The keyed state of one processor: one map for each partition, with the changes of the last call, which can be taken back. */
export class KeyedStates {
  readonly #partitions = new Map<string, Map<string, Json>>();
  #current: Map<string, Json> = new Map();
  /** What the keys held that the last call has changed; undefined = nothing. */
  #before = new Map<string, Json | undefined>();

  restore(topic: string, partition: number, state: ReadonlyMap<string, Json>): void {
    this.#partitions.set(keyOf(topic, partition), new Map([...state].map(([key, value]) => [key, frozen(value)])));
  }

  /** Begins a call: its changes are apart from those before. */
  begin(topic: string, partition: number): KeyedState {
    const key = keyOf(topic, partition);
    let state = this.#partitions.get(key);
    if (state === undefined) this.#partitions.set(key, (state = new Map()));
    this.#current = state;
    this.#before = new Map();
    return new CallState(state, this.#before);
  }

  /** What the call has changed; null = deleted. */
  changes(): ReadonlyMap<string, Json | null> {
    return new Map([...this.#before.keys()].map((key) => [key, this.#current.get(key) ?? null]));
  }

  /** Takes back what the last call has changed. */
  rollBack(): void {
    for (const [key, value] of this.#before) {
      if (value === undefined) this.#current.delete(key);
      else this.#current.set(key, value);
    }
    this.#before = new Map();
  }
}

class CallState implements KeyedState {
  readonly #state: Map<string, Json>;
  readonly #before: Map<string, Json | undefined>;

  constructor(state: Map<string, Json>, before: Map<string, Json | undefined>) {
    this.#state = state;
    this.#before = before;
  }

  get(key: string): Json | undefined {
    return this.#state.get(key);
  }

  set(key: string, value: Json): void {
    if (typeof key !== 'string') throw new TypeError(`the key of a state is a string, not a ${typeof key}`);
    // What is kept elsewhere cannot tell a null from nothing.
    if (value === null) this.delete(key);
    else this.#keep(key, frozen(value));
  }

  delete(key: string): void {
    if (!this.#state.has(key)) return;
    this.#note(key);
    this.#state.delete(key);
  }

  #keep(key: string, value: Json): void {
    this.#note(key);
    this.#state.set(key, value);
  }

  #note(key: string): void {
    if (!this.#before.has(key)) this.#before.set(key, this.#state.get(key));
  }
}

function keyOf(topic: string, partition: number): string {
  return `${partition} ${topic}`;
}

/** A copy that nobody can change unnoticed: a change that is not set would be lost, or survive a rollback. */
function frozen(value: Json): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value;
    throw new TypeError(`the state keeps JSON: ${value} is none`);
  }
  if (typeof value !== 'object') throw new TypeError(`the state keeps JSON: a ${typeof value} is none`);
  return deepFreeze(JSON.parse(JSON.stringify(value)) as Json);
}

function deepFreeze(value: Json): Json {
  if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) deepFreeze(item as Json);
    Object.freeze(value);
  }
  return value;
}
