import type { Identifier, JoinSource, Source } from '../ast.ts';
import type { Parser } from '../parser.ts';

const types = { INNER: 'inner', LEFT: 'left', RIGHT: 'right', FULL: 'full', CROSS: 'cross' } as const;
const strictnesses = { ALL: 'all', ASOF: 'asof', LATEST: 'latest' } as const;

/** `[type] [strictness] JOIN source [ON e | USING (…)]`, any number of them; they group to the left. */
export function parseJoins(p: Parser, first: Source, parseSource: () => Source): Source {
  let left = first;
  for (let join = parseJoin(p, left, parseSource); join !== null; join = parseJoin(p, left, parseSource)) left = join;
  return left;
}

function parseJoin(p: Parser, left: Source, parseSource: () => Source): JoinSource | null {
  const kind = parseJoinKind(p);
  if (kind === null) return null;
  p.nest();
  const right = parseSource();
  p.nesting--;
  const on = p.accept('ON') ? p.expression() : null;
  const using = on === null && p.accept('USING') ? parseUsing(p) : [];
  if (on === null && using.length === 0 && kind.type !== 'cross') {
    p.hinting('a join says by ON or USING which rows belong together');
    p.unexpected();
  }
  return { kind: 'join', ...kind, left, right, on, using, start: left.start, end: p.end };
}

/** The words before JOIN, in either order, and JOIN itself; null if no join stands here. */
function parseJoinKind(p: Parser): Pick<JoinSource, 'type' | 'strictness'> | null {
  let type: JoinSource['type'] | null = null;
  let strictness: JoinSource['strictness'] = null;
  let distance = 0;
  for (; p.peek(distance).key !== 'JOIN'; distance++) {
    const { key } = p.peek(distance);
    if (Object.hasOwn(types, key) && type === null) type = types[key as keyof typeof types];
    else if (Object.hasOwn(strictnesses, key) && strictness === null) strictness = strictnesses[key as keyof typeof strictnesses];
    else if (key === 'ANY' && p.peek(distance + 1).key === 'JOIN')
      p.notSupported(p.peek(distance), 'ANY JOIN is not supported', 'write LATEST JOIN or ASOF JOIN');
    else if (key !== 'OUTER' || distance === 0) {
      if (distance === 0) p.expecting('JOIN');
      return null;
    }
  }
  for (let taken = 0; taken <= distance; taken++) p.advance();
  return { type: type ?? 'inner', strictness };
}

function parseUsing(p: Parser): readonly Identifier[] {
  if (!p.at('(')) return [p.identifier('a column')];
  const opening = p.advance();
  return p.list(')', opening, () => p.identifier('a column'));
}
