import { join } from 'node:path';
import { SeededRandom } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { MemoryDisk } from '../../broker/test/memory-disk.ts';
import { ViewSnapshots } from '../src/views/view-snapshots.ts';

function open() {
  const disk = new MemoryDisk(new SeededRandom(1));
  return { disk, snapshots: new ViewSnapshots('data/views', disk) };
}

describe('the snapshots of a server', () => {
  it('lie in one directory, which is made, a file for each view', () => {
    const { disk, snapshots } = open();
    expect(disk.isDirectory('data/views')).toBe(true);
    expect(snapshots.pathOf('1a2b')).toBe(join('data/views', '1a2b.snapshot'));
  });

  it('go with their view', () => {
    const { disk, snapshots } = open();
    for (const id of ['a', 'b']) disk.replaceFile(snapshots.pathOf(id), Buffer.from(id));
    snapshots.remove('a');
    snapshots.remove('never there');
    expect(disk.list('data/views')).toEqual(['b.snapshot']);
  });

  it('go at the start if their view was dropped meanwhile, as do those that were left half written', () => {
    const { disk, snapshots } = open();
    for (const id of ['a', 'b']) disk.replaceFile(snapshots.pathOf(id), Buffer.from(id));
    disk.replaceFile(`${snapshots.pathOf('a')}.new`, Buffer.from('half'));
    snapshots.keepOnly(['a', 'c']);
    expect(disk.list('data/views')).toEqual(['a.snapshot']);
  });
});
