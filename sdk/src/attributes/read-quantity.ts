const durations = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const sizes = new Map([
  ['B', 1],
  ['KB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
]);

/** `20ms`, `1.5s`, `1h30m` → milliseconds. */
export function readDuration(text: string): number {
  const parts = text.match(/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/) && text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g);
  if (!parts) throw new Error('is not a duration');
  let total = 0;
  for (const [, amount, unit] of parts) total += Number(amount) * durations.get(unit!)!;
  return total;
}

/** `512`, `64KiB`, `1MB` → bytes. */
export function readSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|KiB|MiB|GiB)?$/.exec(text);
  if (match === null) throw new Error('is not a size');
  const bytes = Number(match[1]) * sizes.get(match[2] ?? 'B')!;
  if (!Number.isSafeInteger(bytes)) throw new Error('is not a whole number of bytes');
  return bytes;
}
