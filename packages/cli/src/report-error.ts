import { MillraceError } from '@millrace/core';
import { Errors, flush } from '@oclif/core';
import { Unreachable } from './api/errors.ts';
import { errorParts, errorText } from './output/error-text.ts';
import { UsageError, usageErrorOf } from './usage-error.ts';

/** What a script can tell from the exit code. */
const exitCodes = { failed: 1, usage: 2, unreachable: 3, interrupted: 130 } as const;

/** Thrown where a user pressed Ctrl-C: ends the process with 130 and prints nothing. */
export class Interrupted extends Error {}

/** Prints an error for a person (or, with `--json`, for a program) and ends the process. A stack only with `--debug`. */
export async function reportAndExit(thrown: unknown): Promise<never> {
  if (thrown instanceof Errors.ExitError) {
    await flush();
    process.exit(thrown.oclif.exit);
  }
  if (thrown instanceof Interrupted) process.exit(exitCodes.interrupted);
  const told = thrown instanceof Errors.CLIError ? usageErrorOf(thrown) : thrown;
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ error: errorAsJson(told) }, null, 2)}\n`);
  else process.stderr.write(`${errorText(told, process.stderr)}\n`);
  if (process.argv.includes('--debug') && thrown instanceof Error) process.stderr.write(`${thrown.stack}\n`);
  await flush();
  process.exit(exitCodeOf(told));
}

function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof UsageError) return exitCodes.usage;
  if (thrown instanceof Unreachable) return exitCodes.unreachable;
  const isUnanswered = thrown instanceof MillraceError && (thrown.code === 'KAFKA_BROKER_UNAVAILABLE' || thrown.code === 'KAFKA_TIMED_OUT');
  return isUnanswered ? exitCodes.unreachable : exitCodes.failed;
}

function errorAsJson(thrown: unknown): object {
  const { code, number, message, hint } = errorParts(thrown);
  const details = thrown instanceof MillraceError && Object.keys(thrown.details).length > 0 ? thrown.details : undefined;
  return { code, number, message, hint, details };
}
