/** A tree without `start` and `end`, for comparisons. */
export function withoutPositions(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(withoutPositions);
  if (typeof tree !== 'object' || tree === null) return tree;
  const entries = Object.entries(tree).filter(([name]) => name !== 'start' && name !== 'end');
  return Object.fromEntries(entries.map(([name, part]) => [name, withoutPositions(part)]));
}
