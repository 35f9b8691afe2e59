import { setImmediate } from 'node:timers/promises';
import { SeededRandom } from '@millrace/core';
import type { Target } from './target.ts';

/** An input may not take longer than this of a processor: far more than any should. */
const cpuLimitMs = 1000;
const residentLimitMb = 700;

/** What a loop has seen. */
export interface LoopReport {
  readonly inputs: number;
  readonly residentMb: number;
}

/** An input that was not taken as it should be. */
export class InputFailure extends Error {
  readonly input: Buffer;

  constructor(input: Buffer, cause: unknown) {
    super(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause), { cause });
    this.input = input;
  }
}

/** The input of a number: the same on every machine. */
export function inputOf(target: Target, seed: number, index: number): Buffer {
  return target.make(new SeededRandom(Math.imul(seed, 0x9e37_79b1) ^ index));
}

/** Runs one input and looks how long it took. @throws {InputFailure} */
export async function runInput(target: Target, input: Buffer): Promise<void> {
  const before = process.cpuUsage();
  try {
    await target.run(Buffer.from(input));
  } catch (failure) {
    throw new InputFailure(input, failure);
  }
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1000;
  if (cpuMs > cpuLimitMs) throw new InputFailure(input, new Error(`took ${Math.round(cpuMs)} ms of a processor`));
}

/**
 * Runs inputs until the time is up.
 * @param onInput is told each number before its input is run.
 * @throws {InputFailure}
 */
export async function loop(
  target: Target,
  seed: number,
  limits: { readonly seconds: number; readonly inputsMax?: number },
  onInput: (index: number) => void = () => {},
): Promise<LoopReport> {
  const endMs = performance.now() + limits.seconds * 1000;
  let residentMb = 0;
  let index = 0;
  for (; index < (limits.inputsMax ?? Number.POSITIVE_INFINITY) && performance.now() < endMs; index++) {
    onInput(index);
    const input = inputOf(target, seed, index);
    await runInput(target, input);
    if (index % 64 !== 0) continue;
    // What native codecs have made is freed only between turns of the event loop.
    await setImmediate();
    residentMb = Math.max(residentMb, process.memoryUsage.rss() / 2 ** 20);
    if (residentMb > residentLimitMb) throw new InputFailure(input, new Error(`${Math.round(residentMb)} MB of memory are in use`));
  }
  return { inputs: index, residentMb };
}
