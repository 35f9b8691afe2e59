import type { Expression, Setting } from '../ast.ts';
import { refuseQuotedValue } from '../expression/quoted-value.ts';
import type { Parser } from '../parser.ts';

/** `name = value, …`, behind SETTINGS or SET; a comma may stand behind the last. */
export function parseSettings(p: Parser): Setting[] {
  const settings = [parseSetting(p)];
  while (p.accept(',') && atSetting(p)) settings.push(parseSetting(p));
  if (atSetting(p)) p.hinting('is a comma missing?');
  return settings;
}

function atSetting(p: Parser): boolean {
  return p.atName() && (p.peek(1).key === '=' || p.peek(1).key === '==');
}

function parseSetting(p: Parser): Setting {
  const { start } = p;
  const name = p.identifier("a setting's name");
  p.expect('=');
  const value = p.expression();
  refuseNames(p, value);
  return { name, value, start, end: p.end };
}

/** A setting has no columns to name: a bare word is a string without its quotes. */
function refuseNames(p: Parser, value: Expression): void {
  refuseQuotedValue(p, value);
  if (value.kind !== 'column') return;
  const given = p.source.slice(value.start, value.end);
  throw p.error(value, `unexpected '${given}', expected a value`, `a string is written in quotes: '${given}'`);
}
