/** Freezes a tree of plain objects and arrays, all the way down. */
export function freeze<Tree>(tree: Tree): Tree {
  if (typeof tree !== 'object' || tree === null || Object.isFrozen(tree)) return tree;
  Object.freeze(tree);
  for (const part of Object.values(tree)) freeze(part);
  return tree;
}
