/**
 * What runs inside the context: there everything has the context's own Object, Array, Map, and nothing of the server's is within reach.
 * Gives `process(batch)`, where `batch` has `rows`, `keys`, `times`, `stream`, `state` (values as JSON texts), `results`; `batch.at` is
 * the row in hand.
 */
export const prelude = `(transform) => {
  'use strict';
  const copy = (value) => {
    if (typeof value !== 'object' || value === null) return value;
    if (value instanceof Uint8Array) return value;
    if (Array.isArray(value)) {
      const items = [];
      for (let i = 0; i < value.length; i++) items.push(copy(value[i]));
      return items;
    }
    const entries = new Map();
    for (const [key, item] of value) entries.set(copy(key), copy(item));
    return entries;
  };
  const copyRow = (row) => {
    const own = {};
    for (const name in row) own[name] = copy(row[name]);
    return own;
  };
  const stateOf = (kept) => ({
    get(key) {
      const text = kept.get(String(key));
      return text === undefined ? undefined : JSON.parse(text);
    },
    set(key, value) {
      const text = JSON.stringify(value);
      if (text === undefined) throw new TypeError('what state keeps is JSON');
      kept.set(String(key), text);
    },
    delete(key) {
      kept.delete(String(key));
    },
  });
  return (batch) => {
    const state = stateOf(batch.state);
    for (batch.at = 0; batch.at < batch.rows.length; batch.at++) {
      const at = batch.at;
      batch.results[at] = transform(copyRow(batch.rows[at]), { key: batch.keys[at], time: batch.times[at], stream: batch.stream, state });
    }
  };
}`;
