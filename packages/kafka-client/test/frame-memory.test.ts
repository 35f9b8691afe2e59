import { describe, expect, it } from 'vitest';
import { FrameMemory } from '../src/frame-memory.ts';
import type { FetchedPartition } from '../src/index.ts';

function fetched(bytes: Buffer): FetchedPartition {
  const offsets = { fromOffset: 0, nextOffset: 0, highWatermark: 0, lastStableOffset: 0, logStartOffset: 0 };
  return { topic: 't', partition: 0, bytes, batches: [], ...offsets };
}

/** A frame with two partitions in it. */
function frameOf(memory: FrameMemory, sizeBytes: number) {
  const frame = memory.take(sizeBytes);
  const parts = [fetched(frame.subarray(10, 20)), fetched(frame.subarray(20, 30))] as const;
  for (const part of parts) memory.retain(part);
  return { frame, parts };
}

describe('the memory of frames', () => {
  it('is used again once everything in it is released', () => {
    const memory = new FrameMemory();
    const { frame, parts } = frameOf(memory, 100_000);
    memory.release(parts[0]);
    expect(memory.take(100_000).buffer).not.toBe(frame.buffer);
    memory.release(parts[1]);
    const next = memory.take(90_000);
    expect(next.buffer).toBe(frame.buffer);
    expect(next.length).toBe(90_000);
  });

  it('is given to one frame only, however often the same is released', () => {
    const memory = new FrameMemory();
    const { parts } = frameOf(memory, 100_000);
    for (const part of [...parts, ...parts]) memory.release(part);
    expect(memory.take(100_000).buffer).not.toBe(memory.take(100_000).buffer);
  });

  it('belongs to the frame that is in it: a release of an earlier one is none of it', () => {
    const memory = new FrameMemory();
    const first = frameOf(memory, 100_000);
    for (const part of first.parts) memory.release(part);
    const second = frameOf(memory, 100_000);
    expect(second.frame.buffer).toBe(first.frame.buffer);
    for (const part of [...first.parts, second.parts[0]]) memory.release(part);
    expect(memory.take(100_000).buffer).not.toBe(second.frame.buffer);
  });

  it('is not used for what does not fit', () => {
    const memory = new FrameMemory();
    const { frame, parts } = frameOf(memory, 100_000);
    for (const part of parts) memory.release(part);
    const larger = memory.take(1_000_000);
    expect(larger.length).toBe(1_000_000);
    expect(larger.buffer).not.toBe(frame.buffer);
    expect(memory.take(64 * 1024).buffer).toBe(frame.buffer);
  });

  it('keeps little while nothing is fetched, and that the largest', () => {
    const memory = new FrameMemory();
    const frames = [1, 4, 2, 5, 3].map((size) => frameOf(memory, size * 100_000));
    for (const { parts } of frames) for (const part of parts) memory.release(part);
    const kept = new Set([memory.take(100_000).buffer, memory.take(100_000).buffer, memory.take(100_000).buffer]);
    const reused = frames.filter(({ frame }) => kept.has(frame.buffer)).map(({ frame }) => frame.length);
    expect(reused.sort()).toEqual([400_000, 500_000]);
  });

  it('is let go of when it is cleared', () => {
    const memory = new FrameMemory();
    const { frame, parts } = frameOf(memory, 100_000);
    for (const part of parts) memory.release(part);
    memory.clear();
    expect(memory.take(100_000).buffer).not.toBe(frame.buffer);
  });

  it('leaves small frames to others', () => {
    const memory = new FrameMemory();
    const { frame, parts } = frameOf(memory, 1_000);
    for (const part of parts) memory.release(part);
    expect(memory.take(64 * 1024).buffer).not.toBe(frame.buffer);
  });
});
