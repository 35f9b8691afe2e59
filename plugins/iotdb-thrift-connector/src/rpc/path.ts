/** What may stand in a path as it is; everything else needs backquotes. IoTDB takes more (`1a`, `@`), but quoted names always pass. */
const plainNode = /^[A-Za-z_\u4e00-\u9fa5][A-Za-z0-9_\u4e00-\u9fa5]*$/;
const reserved = /^root$/i;
const quotedNode = /^`(?:[^`]|``)+`$/;

/** One node of a path, or a measurement: in backquotes unless it is plain. */
export function quoteNode(name: string): string {
  return plainNode.test(name) && !reserved.test(name) ? name : `\`${name.replaceAll('`', '``')}\``;
}

/** The nodes that a record key stands for: it is cut at dots, so `a.b` is node `b` below `a`. What stands in backquotes is one node and stays as it is. */
export function keyNodes(key: string): string[] {
  const nodes = `.${key}`.match(/\.(?:`(?:[^`]|``)+`(?=\.|$)|[^.]*)/g)!.map((node) => node.slice(1));
  return nodes.map((node) => (quotedNode.test(node) ? node : quoteNode(node)));
}
