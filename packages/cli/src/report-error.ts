import { codeFrame, MillraceError, serializeError } from '@millrace/core';
import { Errors, flush } from '@oclif/core';
import { ServerError, Unreachable } from './api/errors.ts';

/** What a script can tell from the exit code. */
export const exitCodes = { failed: 1, usage: 2, unreachable: 3, interrupted: 130 } as const;

/** Thrown where a user pressed Ctrl-C: ends the process with 130 and prints nothing. */
export class Interrupted extends Error {}

/** Prints an error for a person (or, with `--json`, for a program) and ends the process. A stack only with `--debug`. */
export async function reportAndExit(thrown: unknown): Promise<never> {
  if (isExit(thrown)) {
    await flush();
    process.exit(thrown.oclif.exit);
  }
  if (thrown instanceof Interrupted) process.exit(exitCodes.interrupted);
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ error: errorAsJson(thrown) }, null, 2)}\n`);
  else process.stderr.write(`${errorAsText(thrown)}\n`);
  if (process.argv.includes('--debug') && thrown instanceof Error) process.stderr.write(`${thrown.stack}\n`);
  await flush();
  process.exit(exitCodeOf(thrown));
}

function isExit(thrown: unknown): thrown is Errors.ExitError {
  return thrown instanceof Errors.ExitError;
}

function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof Unreachable) return exitCodes.unreachable;
  if (thrown instanceof Errors.CLIError) return exitCodes.usage;
  if (thrown instanceof MillraceError && thrown.actor === 'unavailable') return exitCodes.unreachable;
  return exitCodes.failed;
}

function errorAsText(thrown: unknown): string {
  if (thrown instanceof MillraceError) {
    const lines = [`${thrown.code}: ${thrown.message}`];
    if (thrown.position !== undefined && thrown.source !== undefined) lines.push(codeFrame(thrown.source, thrown.position));
    if (thrown.hint !== undefined) lines.push(`hint: ${thrown.hint}`);
    return lines.join('\n');
  }
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function errorAsJson(thrown: unknown): object {
  if (thrown instanceof ServerError) return { code: thrown.number, message: thrown.message };
  if (thrown instanceof MillraceError) {
    const { code, message, hint, details } = serializeError(thrown);
    return { code, message, hint, details };
  }
  return { message: thrown instanceof Error ? thrown.message : String(thrown) };
}
