import type { TopicPartition } from '@millrace/kafka-client';
import type { Json } from '@millrace/sdk';
import { type PipeState, type StateChanges, stateKey } from './pipe-state.ts';

/** What the processor of a run keeps: as it was restored, and with all that has changed since, so that it can be opened again. */
export class KeptState {
  /** Whether anything was ever kept. */
  readonly wasRestored: boolean;
  readonly position: Json | undefined;
  readonly #partitions: readonly TopicPartition[];
  readonly #restored: PipeState | undefined;
  readonly #changed: StateChanges = new Map();
  #uncommitted: StateChanges = new Map();

  constructor(restored: PipeState | undefined, partitions: readonly TopicPartition[]) {
    this.wasRestored = restored !== undefined;
    this.position = restored?.position;
    this.#restored = restored;
    this.#partitions = partitions;
  }

  /** @param changes by {@link stateKey} */
  change(changes: ReadonlyMap<string, Json | null>): void {
    for (const [key, value] of changes) {
      this.#changed.set(key, value);
      this.#uncommitted.set(key, value);
    }
  }

  get hasChanges(): boolean {
    return this.#uncommitted.size > 0;
  }

  /** What changed since it was taken last. */
  take(): StateChanges {
    const changes = this.#uncommitted;
    this.#uncommitted = new Map();
    return changes;
  }

  /** What was taken has not been stored: it is taken again, but for what has changed once more. */
  putBack(changes: ReadonlyMap<string, Json | null>): void {
    this.#uncommitted = new Map([...changes, ...this.#uncommitted]);
  }

  /** What is kept now of each partition that has something. */
  *all(): Generator<TopicPartition & { readonly kept: ReadonlyMap<string, Json> }> {
    for (const of of this.#partitions) {
      const kept = new Map(this.#restored?.of(of));
      for (const [key, value] of this.#changesOf(of)) {
        if (value === null) kept.delete(key);
        else kept.set(key, value);
      }
      if (kept.size > 0) yield { ...of, kept };
    }
  }

  *#changesOf(of: TopicPartition): Generator<[key: string, value: Json | null]> {
    const prefix = stateKey(of, '').slice(0, -'""]'.length);
    for (const [key, value] of this.#changed) if (key.startsWith(prefix)) yield [(JSON.parse(key) as [string, number, string])[2], value];
  }
}
