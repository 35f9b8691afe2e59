const escapes: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '/': '/',
  "'": "'",
  '"': '"',
  '`': '`',
};

/**
 * The value of a quoted text, quotes included (`'it''s'`, `"a b"`, `$$raw$$`): doubled quotes and backslash escapes are resolved.
 * A backslash before a character that is no escape stays (`'\d+'`, `'100\%'`), as in ClickHouse, so that patterns can be written plainly.
 */
export function unquote(text: string): string {
  const quote = text[0]!;
  if (quote === '$') return unquoteHeredoc(text);
  const inner = text.slice(1, -1);
  if (!inner.includes('\\') && !inner.includes(quote)) return inner;
  return inner.replace(/\\x([0-9a-fA-F]{2})|\\([\s\S])|''|""|``/g, (piece, hex?: string, escaped?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (escaped !== undefined) return Object.hasOwn(escapes, escaped) ? escapes[escaped]! : piece;
    return piece[0] === quote ? quote : piece;
  });
}

function unquoteHeredoc(text: string): string {
  const tagLength = text.indexOf('$', 1) + 1;
  return text.slice(tagLength, text.length - tagLength);
}

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0', '\\': '\\\\' };

/** The text that reads back as `value`, in the given quotes. */
export function quote(value: string, mark: "'" | '"' | '`'): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped here
  const escaped = value.replace(/[\x00-\x1f\\]/g, (char) => named[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return mark + escaped.replaceAll(mark, mark + mark) + mark;
}
