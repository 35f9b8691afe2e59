import type { CreatePipePlugin, DescribePipePlugin, DropPipePlugin, ShowPipePlugins } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseFormat } from './format.ts';
import { parseIfExists, parseIfNotExists } from './if-exists.ts';
import { parseLike } from './like.ts';

/** What follows `CREATE [OR REPLACE] PIPEPLUGIN`: `[IF NOT EXISTS] a AS 'export' USING URI '…'`. */
export function parseCreatePipePlugin(p: Parser, start: number, orReplace: boolean): CreatePipePlugin {
  const ifNotExists = parseIfNotExists(p);
  const name = p.freeName('the name of the plugin');
  p.expect('AS');
  const exportName = p.string('the name of an export in quotes');
  p.expect('USING', 'URI');
  const uri = p.string('a URI in quotes');
  return { kind: 'create_pipe_plugin', ifNotExists, orReplace, name, exportName, uri, start, end: p.end };
}

/** What follows `DROP PIPEPLUGIN`. */
export function parseDropPipePlugin(p: Parser, start: number): DropPipePlugin {
  const ifExists = parseIfExists(p);
  const name = p.freeName('the name of the plugin');
  return { kind: 'drop_pipe_plugin', ifExists, name, start, end: p.end };
}

/** What follows `DESCRIBE PIPEPLUGIN`. */
export function parseDescribePipePlugin(p: Parser, start: number): DescribePipePlugin {
  const name = p.freeName('the name of the plugin');
  const format = parseFormat(p);
  return { kind: 'describe_pipe_plugin', name, format, start, end: p.end };
}

/** What follows `SHOW PIPEPLUGINS`. */
export function parseShowPipePlugins(p: Parser, start: number): ShowPipePlugins {
  const like = parseLike(p);
  const format = parseFormat(p);
  return { kind: 'show_pipe_plugins', like, format, start, end: p.end };
}
