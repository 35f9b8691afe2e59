import { styleText } from 'node:util';
import { type SyntaxKind, tokenize } from '@millrace/sql';

const styles: Partial<Record<SyntaxKind, Parameters<typeof styleText>[0]>> = {
  keyword: 'blue',
  string: 'green',
  number: 'yellow',
  comment: 'dim',
};

/** SQL with colours where `stream` is a terminal, else as it is. */
export function highlightSql(source: string, stream: NodeJS.WriteStream): string {
  let text = '';
  let end = 0;
  for (const token of tokenize(source)) {
    const style = styles[token.kind];
    text += source.slice(end, token.start) + (style === undefined ? token.text : styleText(style, token.text, { stream }));
    end = token.end;
  }
  return text + source.slice(end);
}
