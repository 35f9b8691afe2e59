import type { Show } from '@millrace/sql';

/** The test that the LIKE of a SHOW statement makes of a name: `%` any text, `_` one character, a backslash before what is meant as it is. */
export function likeFilter(like: Show['like']): (name: string) => boolean {
  if (like === null) return () => true;
  const source = like.pattern.replace(/\\(.)|%|_|[^\\%_]/gsu, (piece, escaped?: string) => {
    if (escaped !== undefined) return escapeRegExp(escaped);
    return piece === '%' ? '.*' : piece === '_' ? '.' : escapeRegExp(piece);
  });
  const pattern = new RegExp(`^${source}$`, `su${like.caseInsensitive ? 'i' : ''}`);
  return (name) => pattern.test(name) !== like.negated;
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
