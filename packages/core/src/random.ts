import { randomBytes, randomUUID } from 'node:crypto';

/** Randomness as a port. */
export interface Random {
  /** Uniform over 0 … 2³² − 1. */
  uint32(): number;
  /** Uniform over [0, 1). */
  float(): number;
  /** A random (version 4) UUID in lower case. */
  uuid(): string;
}

export const systemRandom: Random = {
  uint32: () => randomBytes(4).readUInt32LE(),
  float: () => Math.random(),
  uuid: () => randomUUID(),
};

/** The same numbers for the same seed on every machine (mulberry32). For tests, simulation and shuffles that must replay. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  float(): number {
    return this.uint32() / 2 ** 32;
  }

  /** Uniform over 0 … bound − 1. */
  below(bound: number): number {
    return Math.floor(this.float() * bound);
  }

  uuid(): string {
    const hex = Array.from({ length: 4 }, () => this.uint32().toString(16).padStart(8, '0')).join('');
    const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}
