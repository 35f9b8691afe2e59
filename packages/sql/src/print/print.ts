import type { Expression, Query, Statement } from '../ast.ts';
import { printExpression, printQuery } from './print-query.ts';
import { printStatement } from './print-statement.ts';

/**
 * The canonical text of a tree: keywords in upper case, names and types as they were written, brackets only where needed, on one line.
 * Parsing it gives the tree again, up to positions.
 */
export function print(tree: Statement | Query | Expression): string {
  if (tree.kind === 'query') return printQuery(tree);
  return isStatement(tree) ? printStatement(tree) : printExpression(tree);
}

const statementKinds: Readonly<Record<Statement['kind'], true>> = {
  select_statement: true,
  create_stream: true,
  create_view: true,
  create_materialized_view: true,
  drop: true,
  truncate: true,
  describe: true,
  show: true,
  show_create: true,
  show_dead_letters: true,
  replay_dead_letters: true,
  show_pipe_dead_letters: true,
  create_pipe: true,
  alter_pipe: true,
  switch_pipe: true,
  drop_pipe: true,
  show_pipes: true,
  explain_pipe: true,
  create_pipe_plugin: true,
  drop_pipe_plugin: true,
  show_pipe_plugins: true,
  describe_pipe_plugin: true,
  insert: true,
  kill_query: true,
  explain: true,
  explain_live: true,
  system_view: true,
  flush: true,
  set: true,
  use: true,
};

function isStatement(tree: Statement | Expression): tree is Statement {
  return Object.hasOwn(statementKinds, tree.kind);
}
