/** What may stand in a path as it is; everything else needs backquotes. IoTDB takes more (`1a`, `@`), but quoted names always pass. */
const plainNode = /^[A-Za-z_\u4e00-\u9fa5][A-Za-z0-9_\u4e00-\u9fa5]*$/;
const reserved = /^(root|time|timestamp)$/i;
const quotedNode = /^`(?:[^`]|``)+`$/;

/** One node of a path, or a measurement: in backquotes unless it is plain. */
export function quoteNode(name: string): string {
  return plainNode.test(name) && !reserved.test(name) ? name : `\`${name.replaceAll('`', '``')}\``;
}

/**
 * The nodes that a record key stands for: it is cut at dots outside backquotes, so `a.b` is node `b` below `a`. A node in backquotes
 * stays as it is. What cannot be cut so (an empty node, a stray backquote) is one node as a whole.
 */
export function keyNodes(key: string): string[] {
  const nodes = key.match(/`(?:[^`]|``)*`|[^.`]+|[.`]/g) ?? [];
  const parts = nodes.filter((_, i) => i % 2 === 0);
  const isPath =
    nodes.length % 2 === 1 && nodes.every((node, i) => (i % 2 === 1 ? node === '.' : quotedNode.test(node) || /^[^.`]+$/.test(node)));
  return isPath ? parts.map((node) => (quotedNode.test(node) ? node : quoteNode(node))) : [quoteNode(key)];
}
