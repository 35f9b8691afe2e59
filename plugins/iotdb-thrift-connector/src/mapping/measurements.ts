import { quoteNode } from '../rpc/path.ts';

/** IoTDB has no measurement of these names, in backquotes or without, in no case. */
const refused = /^(?:time|timestamp)$/i;

/** The measurements that columns become: their names, in backquotes where needed; `time` and `timestamp` get a `_` behind them. */
export function measurementsOf(names: readonly string[]): string[] {
  const taken = new Set(names);
  return names.map((name) => {
    let free = name;
    while (refused.test(free) || (free !== name && taken.has(free))) free += '_';
    taken.add(free);
    return quoteNode(free);
  });
}
