import { keywords } from '@millrace/sql';

const reserved: ReadonlySet<string> = new Set([...keywords].map((word) => word.toLowerCase()));

/** A name as it stands in SQL: in backticks if it needs them. */
export function quoteName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !reserved.has(name.toLowerCase())) return name;
  return `\`${name.replace(/[\\`]/g, '\\$&')}\``;
}
