import { unreachable } from '@millrace/core';
import type {
  AlterPipe,
  CreatePipe,
  CreatePipePlugin,
  DescribePipePlugin,
  DropPipe,
  DropPipePlugin,
  ExplainPipe,
  PipeStage,
  ShowPipeDeadLetters,
  ShowPipePlugins,
  ShowPipes,
  SwitchPipe,
} from '../ast.ts';
import { printFormat, printLike, words } from './clauses.ts';
import { printFreeName, printIdentifier, printString } from './names.ts';

type PipeStatement =
  | CreatePipe
  | AlterPipe
  | SwitchPipe
  | DropPipe
  | ShowPipes
  | ExplainPipe
  | ShowPipeDeadLetters
  | CreatePipePlugin
  | DropPipePlugin
  | ShowPipePlugins
  | DescribePipePlugin;

/** The canonical text of a statement over pipes and their plugins. */
export function printPipeStatement(statement: PipeStatement): string {
  switch (statement.kind) {
    case 'create_pipe':
      return printCreatePipe(statement);
    case 'alter_pipe':
      return words('ALTER PIPE', printFreeName(statement.name), statement.mode.toUpperCase(), printStage(statement.stage));
    case 'switch_pipe':
      return words(statement.action.toUpperCase(), 'PIPE', printFreeName(statement.name));
    case 'drop_pipe':
      return words('DROP PIPE', statement.ifExists && 'IF EXISTS', printFreeName(statement.name));
    case 'show_pipes':
      return printShowPipes(statement);
    case 'explain_pipe':
      return words('EXPLAIN PIPE', printFreeName(statement.name), printFormat(statement.format));
    case 'show_pipe_dead_letters':
      return words('SHOW DEAD LETTERS FOR PIPE', printIdentifier(statement.name), printFormat(statement.format));
    case 'create_pipe_plugin':
      return printCreatePlugin(statement);
    case 'drop_pipe_plugin':
      return words('DROP PIPEPLUGIN', statement.ifExists && 'IF EXISTS', printFreeName(statement.name));
    case 'show_pipe_plugins':
      return words('SHOW PIPEPLUGINS', printLike(statement.like), printFormat(statement.format));
    case 'describe_pipe_plugin':
      return words('DESCRIBE PIPEPLUGIN', printIdentifier(statement.name), printFormat(statement.format));
    default:
      return unreachable(statement);
  }
}

function printCreatePipe({ ifNotExists, name, extractor, processor, connector }: CreatePipe): string {
  const stages = [extractor, processor, connector].map((stage) => stage && `WITH ${printStage(stage)}`);
  return words('CREATE PIPE', ifNotExists && 'IF NOT EXISTS', printFreeName(name), ...stages);
}

function printStage({ stage, attributes }: PipeStage): string {
  const list = attributes.map(({ key, value }) => `${printString(key)} = ${printString(value)}`);
  return `${stage.toUpperCase()} (${list.join(', ')})`;
}

function printShowPipes({ name, usedBy, like, format }: ShowPipes): string {
  if (name !== null) return words('SHOW PIPE', printFreeName(name), printFormat(format));
  const condition = usedBy && `WHERE CONNECTOR USED BY ${printFreeName(usedBy)}`;
  return words('SHOW PIPES', condition, printLike(like), printFormat(format));
}

function printCreatePlugin({ ifNotExists, orReplace, name, exportName, uri }: CreatePipePlugin): string {
  return words(
    'CREATE',
    orReplace && 'OR REPLACE',
    'PIPEPLUGIN',
    ifNotExists && 'IF NOT EXISTS',
    printFreeName(name),
    `AS ${printString(exportName)} USING URI ${printString(uri)}`,
  );
}
