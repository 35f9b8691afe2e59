import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Progress } from '../../src/progress/progress.ts';

const start = { topic: 't', partition: 0, offset: 10, endOffset: 100, boundary: 50, limit: Number.POSITIVE_INFINITY };

function begun() {
  const progress = new Progress();
  progress.add(start);
  return { progress, of: progress.of(start)! };
}

describe('the progress of a partition', () => {
  it('goes up to the first piece that is not done, whatever order they are done in', () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 0, maxLength: 5 });
    fc.assert(
      fc.property(order, (done) => {
        const { progress, of } = begun();
        const tickets = [20, 30, 40, 50, 60].map((nextOffset) => progress.begin({ ...start, nextOffset }));
        for (const piece of done) tickets[piece]!.done();
        const firstOpen = [0, 1, 2, 3, 4].find((piece) => !done.includes(piece)) ?? 5;
        expect(of.deliveredOffset).toBe(10 + firstOpen * 10);
        expect(progress.takeDone()).toBe(firstOpen * 10);
      }),
    );
  });

  it('goes into the first piece as far as that is delivered', () => {
    const { progress, of } = begun();
    const [first, second] = [progress.begin({ ...start, nextOffset: 20 }), progress.begin({ ...start, nextOffset: 30 })];
    second.advance(25);
    expect(of.deliveredOffset).toBe(10);
    first.advance(15);
    expect(of.deliveredOffset).toBe(15);
    first.done();
    expect(of.deliveredOffset).toBe(25);
  });

  it('tells what is not committed', () => {
    const { progress, of } = begun();
    expect(progress.uncommitted()).toEqual([]);
    progress.begin({ ...start, nextOffset: 20 }).done();
    expect(progress.uncommitted()).toEqual([{ topic: 't', partition: 0, offset: 20 }]);
    progress.committed([{ topic: 't', partition: 0, offset: 20 }]);
    expect([progress.uncommitted(), of.committedOffset]).toEqual([[], 20]);
  });

  it('ends at the limit where only history is read', () => {
    const progress = new Progress();
    progress.add({ ...start, limit: 50 });
    const of = progress.of(start)!;
    of.saw({ highWatermark: 200 });
    expect(of.endOffset).toBe(50);
  });

  it('gives the position of a source of its own behind what is delivered', () => {
    const { progress } = begun();
    const [first, second] = [
      progress.begin({ ...start, nextOffset: 20, position: 'a' }),
      progress.begin({ ...start, nextOffset: 30, position: 'b' }),
    ];
    second.done();
    expect(progress.uncommittedPosition()).toBeUndefined();
    first.done();
    expect(progress.uncommittedPosition()).toBe('b');
    progress.committed(progress.uncommitted());
    expect(progress.uncommittedPosition()).toBeUndefined();
  });
});
