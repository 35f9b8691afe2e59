import { MillraceError } from '@millrace/core';
import { type ParsedStatement, parseStatements, type Statement } from '@millrace/sql';
import { type Answer, discard } from './answer.ts';
import { executeStatement } from './execute-statement.ts';
import { fillPlaceholders } from './fill-placeholders.ts';
import type { Services } from './services.ts';

/** Statements as they came in one request. */
export interface Script {
  readonly source: string;
  /** Data of an INSERT that came beside the text, or null. */
  readonly data: Buffer | null;
  readonly placeholders: ReadonlyMap<string, string>;
  readonly settings: Readonly<Record<string, string>>;
  readonly user: string;
  readonly queryId: string;
  /** Refuse whatever changes something. */
  readonly readOnly: boolean;
}

/** The answer of the last statement of a script. */
export interface LastAnswer {
  readonly answer: Answer;
  /** Those of the request, and of SET statements before. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Statements that change nothing. */
const reading: ReadonlySet<Statement['kind']> = new Set([
  'select_statement',
  'describe',
  'show',
  'show_create',
  'show_dead_letters',
  'show_pipe_dead_letters',
  'show_pipes',
  'show_pipe_plugins',
  'explain_pipe',
  'explain',
  'explain_live',
  'set',
  'use',
]);

/**
 * Runs statements in order, each to its end, and gives the answer of the last one to be run by the caller, and the settings that hold for it.
 * @throws {MillraceError} what a statement throws, with "statement n of m" before it where there are several; REQUEST_READONLY
 * before anything is run
 */
export async function runScript(script: Script, services: Services, signal: AbortSignal): Promise<LastAnswer> {
  const statements = parseStatements(script.source);
  if (script.readOnly) refuseWriting(statements);
  const settings: Record<string, unknown> = { ...script.settings };
  const request = { source: script.source, queryId: script.queryId, user: script.user, settings, signal };
  for (const [index, { statement }] of statements.entries()) {
    const isLast = index === statements.length - 1;
    try {
      const filled = fillPlaceholders(statement, script.placeholders, script.source);
      const answer = await executeStatement(filled, services, { ...request, data: isLast ? script.data : null });
      if (isLast) return { answer, settings };
      if (!answer.bounded)
        throw new MillraceError('PLAN_QUERY_INCORRECT', 'only the last of several statements may be a query without end');
      await runSilently(answer, services, signal);
    } catch (failure) {
      throw statements.length === 1 ? failure : numbered(failure, index + 1, statements.length);
    }
  }
  throw new MillraceError('SQL_SYNTAX', 'the text holds no statement');
}

/** Runs an answer that nobody wants to see. */
export async function runSilently(answer: Answer, { timezone }: Services, signal: AbortSignal): Promise<void> {
  await answer.run({ format: 'Null', options: { timezone, quote64BitIntegers: true, quoteDenormals: false } }, discard, signal);
}

function refuseWriting(statements: readonly ParsedStatement[]): void {
  const writing = statements.find(({ statement }) => !reading.has(statement.kind));
  if (writing === undefined) return;
  const verb = writing.text.split(/\s/, 1)[0]!.toUpperCase();
  throw new MillraceError('REQUEST_READONLY', `a GET request only reads; ${verb} changes something`, { hint: 'send it with POST' });
}

function numbered(failure: unknown, number: number, count: number): unknown {
  if (!(failure instanceof MillraceError)) return failure;
  const { code, position, source, hint, details, retryable, cause } = failure;
  return new MillraceError(code, `statement ${number} of ${count}: ${failure.message}`, {
    position,
    source,
    hint,
    details,
    retryable,
    cause,
  });
}
