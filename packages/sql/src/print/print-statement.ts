import { unreachable } from '@millrace/core';
import type {
  ColumnDefinition,
  CreateMaterializedView,
  CreateStream,
  CreateView,
  Explain,
  Insert,
  ReplayDeadLetters,
  Show,
  ShowDeadLetters,
  Statement,
} from '../ast.ts';
import { printFormat, printLike, words } from './clauses.ts';
import { printIdentifier, printString } from './names.ts';
import { printPipeStatement } from './print-pipe-statement.ts';
import { printExpression, printExpressions, printQuery, printSettingList, printSettings } from './print-query.ts';

/** The canonical text of a statement, without the `;` behind it. */
export function printStatement(statement: Statement): string {
  switch (statement.kind) {
    case 'select_statement':
      return words(printQuery(statement.query), printFormat(statement.format));
    case 'create_stream':
      return printCreateStream(statement);
    case 'create_view':
      return printCreateView(statement, 'VIEW', null);
    case 'create_materialized_view':
      return printCreateView(statement, 'MATERIALIZED VIEW', statement.into);
    case 'drop':
      return words('DROP', statement.object.toUpperCase(), statement.ifExists && 'IF EXISTS', printIdentifier(statement.name));
    case 'truncate':
      return words('TRUNCATE STREAM', statement.ifExists && 'IF EXISTS', printIdentifier(statement.name));
    case 'describe':
      return words('DESCRIBE', printIdentifier(statement.name), printFormat(statement.format));
    case 'show':
      return printShow(statement);
    case 'show_create':
      return words('SHOW CREATE', statement.object?.toUpperCase(), printIdentifier(statement.name), printFormat(statement.format));
    case 'show_dead_letters':
      return printShowDeadLetters(statement);
    case 'replay_dead_letters':
      return printReplay(statement);
    case 'create_pipe':
    case 'alter_pipe':
    case 'switch_pipe':
    case 'drop_pipe':
    case 'show_pipes':
    case 'explain_pipe':
    case 'show_pipe_dead_letters':
    case 'create_pipe_plugin':
    case 'drop_pipe_plugin':
    case 'show_pipe_plugins':
    case 'describe_pipe_plugin':
      return printPipeStatement(statement);
    case 'insert':
      return printInsert(statement);
    case 'kill_query':
      return words('KILL QUERY WHERE query_id =', printString(statement.queryId), printFormat(statement.format));
    case 'explain':
      return printExplain(statement);
    case 'explain_live':
      return words('EXPLAIN LIVE', printString(statement.queryId), printFormat(statement.format));
    case 'system_view':
      return words('SYSTEM', statement.action.toUpperCase(), 'MATERIALIZED VIEW', printIdentifier(statement.name));
    case 'flush':
      return words('FLUSH', statement.name && `MATERIALIZED VIEW ${printIdentifier(statement.name)}`);
    case 'set':
      return `SET ${printSettingList(statement.settings)}`;
    case 'use':
      return `USE ${printIdentifier(statement.database)}`;
    default:
      return unreachable(statement);
  }
}

function printCreateStream(statement: CreateStream): string {
  const { ifNotExists, name, columns, primaryKey, settings, comment } = statement;
  return words(
    'CREATE STREAM',
    ifNotExists && 'IF NOT EXISTS',
    printIdentifier(name),
    `(${columns.map(printColumn).join(', ')})`,
    primaryKey.length > 0 && `PRIMARY KEY (${printExpressions(primaryKey)})`,
    comment !== null && `COMMENT ${printString(comment)}`,
    settings.length > 0 && printSettings(settings),
  );
}

function printColumn({ name, type, default: value, comment }: ColumnDefinition): string {
  const parts = [value !== null && `DEFAULT ${printExpression(value)}`, comment !== null && `COMMENT ${printString(comment)}`];
  return words(printIdentifier(name), type.text, ...parts);
}

function printCreateView(statement: CreateView | CreateMaterializedView, what: string, into: CreateMaterializedView['into']): string {
  return words(
    'CREATE',
    statement.orReplace && 'OR REPLACE',
    what,
    statement.ifNotExists && 'IF NOT EXISTS',
    printIdentifier(statement.name),
    into && `INTO ${printIdentifier(into)}`,
    `AS ${printQuery(statement.query)}`,
  );
}

function printShow({ what, like, format }: Show): string {
  return words('SHOW', what.toUpperCase().replace('_', ' '), printLike(like), printFormat(format));
}

function printShowDeadLetters({ view, like, format }: ShowDeadLetters): string {
  return words('SHOW DEAD LETTERS', view && `FOR ${printIdentifier(view)}`, printLike(like), printFormat(format));
}

function printReplay({ view, where, format }: ReplayDeadLetters): string {
  const condition = where && `WHERE ${printExpression(where)}`;
  return words('REPLAY DEAD LETTERS FOR', printIdentifier(view), condition, printFormat(format));
}

function printInsert({ into, columns, settings, rows }: Insert): string {
  const list = columns.length === 0 ? null : `(${columns.map(printIdentifier).join(', ')})`;
  return words('INSERT INTO', printIdentifier(into), list, settings.length > 0 && printSettings(settings), printRows(rows));
}

function printRows(rows: Insert['rows']): string {
  switch (rows.kind) {
    case 'values':
      return ['VALUES', rows.tuples.map((tuple) => `(${printExpressions(tuple)})`).join(', ')].join(' ').trimEnd();
    case 'query':
      return printQuery(rows.query);
    case 'format':
      return `FORMAT ${printIdentifier(rows.format)}${rows.data === '' ? '' : `\n${rows.data}`}`;
    default:
      return unreachable(rows);
  }
}

function printExplain({ mode, statement, format }: Explain): string {
  return words('EXPLAIN', mode === 'plan' ? null : mode.toUpperCase(), printStatement(statement), printFormat(format));
}
