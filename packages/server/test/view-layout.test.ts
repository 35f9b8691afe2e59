import { describe, expect, it } from 'vitest';
import {
  changelogOf,
  groupIdsOf,
  hasExchange,
  layoutOf,
  layoutRefusal,
  settingsWithLayout,
  sharedNames,
} from '../src/views/view-layout.ts';

const given = (parallelism: number, maxParallelism: number | null) => ({
  given: { ...(parallelism > 1 && { parallelism }), ...(maxParallelism !== null && { max_parallelism: maxParallelism }) },
  commitIntervalMs: 100,
  parallelism,
  maxParallelism,
  onLostData: 'stop' as const,
  onStateChange: 'refuse' as const,
  recoveryPolicy: 'strict' as const,
  shards: 1,
});
const view = (settings: Readonly<Record<string, string | number | boolean>>, hasGroups = true) => {
  const named = { name: 'a.b', id: '1234abcd', settings };
  return { ...named, changelogTopic: changelogOf(named, hasGroups) };
};

describe('the layout of a view', () => {
  it('is one task unless it says otherwise, and then fixed for good', () => {
    expect(layoutOf(view(settingsWithLayout(given(1, null))))).toBeNull();
    expect(layoutOf(view(settingsWithLayout(given(2, null))))).toEqual({ tasks: 2, parts: 64 });
    expect(layoutOf(view(settingsWithLayout(given(1, 8))))).toEqual({ tasks: 1, parts: 8 });
    expect(layoutOf(view(settingsWithLayout(given(100, null))))).toEqual({ tasks: 100, parts: 100 });
    expect(() => settingsWithLayout(given(9, 8))).toThrow(/parallelism is 9/);
  });

  it('gives names that no other view has', () => {
    expect(groupIdsOf(view({}))).toHaveLength(1);
    const shared = view({ max_parallelism: 4 });
    expect(hasExchange(shared)).toBe(true);
    expect(groupIdsOf(shared)).toEqual([sharedNames(shared).rows.groupId, sharedNames(shared).groups.groupId]);
    const rows = view({ max_parallelism: 4 }, false);
    expect(hasExchange(rows)).toBe(false);
    expect(groupIdsOf(rows)).toHaveLength(1);
    const names = [
      ...groupIdsOf(shared),
      sharedNames(shared).exchangeTopic,
      shared.changelogTopic,
      sharedNames(shared).groups.changelogTopic,
    ];
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^millrace\.[\w.-]*1234abcd/);
  });

  it('says what cannot take its place', () => {
    expect(layoutRefusal(view({}), view({ parallelism: 1 }))).toBeNull();
    expect(layoutRefusal(view({}), view({ parallelism: 2, max_parallelism: 64 }))).toContain('in one piece');
    const before = view({ parallelism: 2, max_parallelism: 4 });
    expect(layoutRefusal(before, view({ parallelism: 4, max_parallelism: 4 }))).toBeNull();
    expect(layoutRefusal(before, view({ max_parallelism: 4 }))).toBeNull();
    expect(layoutRefusal(before, view({ parallelism: 5, max_parallelism: 4 }))).toContain('parallelism is 5');
    expect(layoutRefusal(before, view({ parallelism: 2, max_parallelism: 8 }))).toContain('stays as it is: 4');
  });
});
