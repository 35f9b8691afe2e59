/** What a row's file is named by. */
export interface RowPlace {
  readonly stream: string;
  readonly partition: number;
  /** Event time, milliseconds since the epoch. */
  readonly timeMs: number;
}

const placeholders: Readonly<Record<string, (place: RowPlace) => string>> = {
  date: ({ timeMs }) => new Date(timeMs).toISOString().slice(0, 10),
  hour: ({ timeMs }) => new Date(timeMs).toISOString().slice(11, 13),
  stream: ({ stream }) => fileName(stream),
  partition: ({ partition }) => String(partition),
};

/** What is wrong with a template, one text a problem. */
export function templateProblems(template: string): string[] {
  const unknown = [...template.matchAll(/\{([^}]*)\}?/g)].filter(
    ([whole, name]) => !whole.endsWith('}') || !Object.hasOwn(placeholders, name!),
  );
  const legal = Object.keys(placeholders).map((name) => `{${name}}`);
  const problems = unknown.map(([whole]) => `has the placeholder ${whole}; legal: ${legal.join(', ')}`);
  return /[/\\]$/.test(template) || template.includes('\0') ? [...problems, 'is no path of a file'] : problems;
}

/** The file of a row. Dates are in UTC. */
export function expandPath(template: string, place: RowPlace): string {
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => placeholders[name]?.(place) ?? whole);
}

/** A name as a single piece of a path: it cannot lead anywhere else. */
function fileName(name: string): string {
  const encoded = name.replaceAll(/[^\p{L}\p{M}\p{N}_.-]/gu, (char) => [...Buffer.from(char)].map(percent).join(''));
  return encoded.startsWith('.') ? percent(46) + encoded.slice(1) : encoded;
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
