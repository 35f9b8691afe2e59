/** What everything in a realm uses, by name. */
const objects: Readonly<Record<string, object>> = {
  Object,
  'Object.prototype': Object.prototype,
  'Function.prototype': Function.prototype,
  Array,
  'Array.prototype': Array.prototype,
  'Iterator.prototype': Object.getPrototypeOf(Object.getPrototypeOf([].values())) as object,
  'ArrayIterator.prototype': Object.getPrototypeOf([].values()) as object,
  'String.prototype': String.prototype,
  'Number.prototype': Number.prototype,
  'RegExp.prototype': RegExp.prototype,
  'Map.prototype': Map.prototype,
  'Set.prototype': Set.prototype,
  'WeakMap.prototype': WeakMap.prototype,
  Promise,
  'Promise.prototype': Promise.prototype,
  'TypedArray.prototype': Object.getPrototypeOf(Uint8Array.prototype) as object,
  'Buffer.prototype': Buffer.prototype,
  Buffer,
  JSON,
  Math,
  Reflect,
};

// Taken before any code of users runs: later they may be somebody else's.
const { ownKeys, getOwnPropertyDescriptor } = Reflect;

interface Place {
  readonly name: string;
  readonly object: object;
  readonly key: PropertyKey;
}

/** In the same order in every thread: a place is told by its number. */
const places: readonly Place[] = Object.entries(objects).flatMap(([name, object]) =>
  ownKeys(object)
    .filter((key) => 'value' in getOwnPropertyDescriptor(object, key)! && !isCallerOrArguments(key))
    .map((key) => ({ name: `${name}.${String(key)}`, object, key })),
);

/** Reading these throws. */
function isCallerOrArguments(key: PropertyKey): boolean {
  return key === 'caller' || key === 'arguments';
}

/** The name of what {@link IntrinsicsGuard.changed} has found. */
export function intrinsicName(place: number): string {
  return places[place]?.name ?? 'Object.prototype';
}

/**
 * Notices when code of users changes what everything in its worker uses. A package may do so while it is loaded (that is its own affair,
 * the worker is its own), but not behind the back of its neighbours later.
 */
export class IntrinsicsGuard {
  #values: unknown[] = [];
  #objectKeys = 0;

  constructor() {
    this.accept();
  }

  /** What there is now is as it should be. */
  accept(): void {
    const values: unknown[] = [];
    for (let i = 0; i < places.length; i++) values[i] = (places[i]!.object as Record<PropertyKey, unknown>)[places[i]!.key];
    this.#values = values;
    this.#objectKeys = ownKeys(Object.prototype).length;
  }

  /** The number of a place that is not as it was; -1 = none; {@link places}'s length = something was added to every object. */
  changed(): number {
    const values = this.#values;
    // No method of an array, no iterator: they may be what has changed.
    for (let i = 0; i < places.length; i++) {
      const { object, key } = places[i]!;
      if ((object as Record<PropertyKey, unknown>)[key] !== values[i]) return i;
    }
    return ownKeys(Object.prototype).length === this.#objectKeys ? -1 : places.length;
  }
}
