const root = 'root';
/** A node that stands in a path as it is; what is a number (also `1e5`, `0x1f`, `10L`) needs backquotes like everything else. */
const plainNode = /^[\w\u2e80-\u9fff]+$/;
const numberNode = /^(?:0[xX][\da-fA-F]+|\d+(?:[eE]\d+)?[fFdDlL]?)$/;

/** A name as it stands in a path: in backquotes unless it is a plain identifier. */
export function pathNode(name: string): string {
  return plainNode.test(name) && !numberNode.test(name) ? name : `\`${name.replaceAll('`', '``')}\``;
}

/** What a pattern says of the columns of a row: all of them, none, or those whose path begins so. */
export type ColumnPrefix = 'all' | 'none' | { readonly text: string };

/**
 * The rule by which `extractor.pattern` chooses: it is a prefix, compared as text, of `root.<stream>[.<key…>].<column>`, where dots
 * in a key part it into nodes, and nodes that are no plain identifiers stand in backquotes. A record without key has no such node.
 */
export class PathPattern {
  readonly #pattern: string;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  /** Whether anything of the stream may match: else it need not be read. */
  mayMatch(stream: string): boolean {
    const path = `${root}.${pathNode(stream)}.`;
    return path.startsWith(this.#pattern) || this.#pattern.startsWith(path);
  }

  /** Whether all records of the stream match with all their columns. */
  matchesAll(stream: string): boolean {
    return `${root}.${pathNode(stream)}.`.startsWith(this.#pattern);
  }

  /** What it says of the columns of records with this key. @param key null = without one */
  columnsOf(stream: string, key: string | null): ColumnPrefix {
    const nodes = key === null ? '' : `.${key.split('.').map(pathNode).join('.')}`;
    const path = `${root}.${pathNode(stream)}${nodes}.`;
    if (path.startsWith(this.#pattern)) return 'all';
    return this.#pattern.startsWith(path) ? { text: this.#pattern.slice(path.length) } : 'none';
  }
}

/** Whether a pipe with this pattern reads anything of a stream: see {@link PathPattern}. */
export function matchesPattern(pattern: string, stream: string): boolean {
  return new PathPattern(pattern).mayMatch(stream);
}
