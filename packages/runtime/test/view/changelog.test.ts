import { MillraceError } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { changelogKey, inventoryEntry, ownerName, positionEntry, readChangelog } from '../../src/view/changelog.ts';
import { FakeKafka } from '../fake-kafka.ts';

const never = new AbortController().signal;
const operator = { kind: 'operator', index: 2 } as const;

/** A changelog with one entry of an operator and two positions. */
function written(): FakeKafka {
  const kafka = new FakeKafka();
  kafka.createTopic('changelog');
  put(kafka, changelogKey(operator, Buffer.from('a')), 'one');
  for (const position of [
    { topic: 's', partition: 0, offset: 7 },
    { topic: 's', partition: 1, offset: 3 },
  ]) {
    const { key, value } = positionEntry(position);
    put(kafka, key, value.toString());
  }
  const { key, value } = inventoryEntry({ owners: [ownerName(operator)], positions: 2 });
  put(kafka, key, value.toString());
  return kafka;
}

/** Keys and values of these tests are ASCII, but for the first byte of a key, which is below 128 as well. */
function put(kafka: FakeKafka, key: Buffer, value: string | null): void {
  kafka.append('changelog', 0, [{ key: key.toString('latin1'), value, timestampMs: 5 }]);
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const failure = await promise.then(
    () => new MillraceError('INTERNAL_INVARIANT', 'no error'),
    (error: MillraceError) => error,
  );
  return `${failure.code} ${failure.message}`;
}

describe('a changelog', () => {
  it('gives back what was written last, each owner its own', async () => {
    const kafka = written();
    put(kafka, changelogKey(operator, Buffer.from('a')), 'two');
    put(kafka, changelogKey(operator, Buffer.from('b')), 'three');
    put(kafka, changelogKey(operator, Buffer.from('b')), null);
    const contents = await readChangelog(kafka, 'changelog', never);
    expect([...contents.of(operator)].map(({ key, value }) => `${key} ${value}`)).toEqual(['a two']);
    expect([...contents.of({ kind: 'operator', index: 1 })]).toEqual([]);
    expect([...contents.of({ kind: 'scan', index: 2 })]).toEqual([]);
    expect(contents.owners()).toEqual(new Set(['operator 2']));
    expect(contents.positions()).toEqual([
      { topic: 's', partition: 0, offset: 7 },
      { topic: 's', partition: 1, offset: 3 },
    ]);
  });

  it('of a view that has not committed anything is empty', async () => {
    const kafka = new FakeKafka();
    kafka.createTopic('changelog');
    expect((await readChangelog(kafka, 'changelog', never)).size).toBe(0);
  });

  it('tells what is missing', async () => {
    const kafka = written();
    put(kafka, changelogKey(operator, Buffer.from('a')), null);
    expect(await messageOf(readChangelog(kafka, 'changelog', never))).toBe(
      'STATE_INVALID the state of the view cannot be read: there are entries of nobody instead of operator 2',
    );
    const other = written();
    put(other, positionEntry({ topic: 's', partition: 1, offset: 0 }).key, null);
    expect(await messageOf(readChangelog(other, 'changelog', never))).toContain('there are 1 positions instead of 2');
  });

  it('does not take a position for that of another partition', async () => {
    const kafka = written();
    put(
      kafka,
      positionEntry({ topic: 's', partition: 1, offset: 0 }).key,
      positionEntry({ topic: 's', partition: 0, offset: 9 }).value.toString(),
    );
    expect(await messageOf(readChangelog(kafka, 'changelog', never))).toContain('the entry ["s",1] fails its checksum');
  });

  it('refuses what no view has written', async () => {
    const foreign = written();
    foreign.append('changelog', 0, [{ value: 'hello' }]);
    expect(await messageOf(readChangelog(foreign, 'changelog', never))).toContain('holds a record that no view has written, at offset 4');
    const other = written();
    put(other, Buffer.from([7, 0, 0, 65]), 'x');
    expect(await messageOf(readChangelog(other, 'changelog', never))).toContain('there is an entry 07000041, which no view has written');
  });
});
