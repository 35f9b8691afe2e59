import { nearest } from '@millrace/core';
import type { Errors } from '@oclif/core';

/** The command line cannot be understood. */
export class UsageError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** What the parser of flags and arguments says, in our words and with the nearest flag. */
export function usageErrorOf(thrown: Errors.CLIError): UsageError {
  const message = thrown.message.replace(/\nSee more help with --help$/, '');
  const hint = message === thrown.message ? undefined : 'add --help to see what the command takes';
  const missing = [...message.matchAll(/Missing required flag (\S+)/g)].map(([, flag]) => `--${flag}`);
  if (missing.length > 0) return new UsageError(`${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing`, hint);
  const unknownFlag = message.match(/^Nonexistent flags?: (.*)$/)?.[1];
  const [, flag, wanted, given] = message.match(/^Parsing (--\S+)\s+Expected (.*) but received: (.*)$/) ?? [];
  if (flag !== undefined) return new UsageError(`${flag} takes ${wanted}, not ${JSON.stringify(given)}`);
  if (unknownFlag === undefined) return new UsageError(firstLower(message), hint);
  const near = nearestFlag(unknownFlag.split(', ')[0]!, thrown as ParseError);
  return new UsageError(`unknown flag ${unknownFlag}`, near === undefined ? hint : `did you mean ${near}?`);
}

/** What is said of a command that does not exist: the nearest one. @param ids as oclif has them: `stream:list` */
export function unknownCommand(given: string, ids: readonly string[]): UsageError {
  const spaced = (id: string) => id.replaceAll(':', ' ');
  const parent = ids.find((id) => given.startsWith(`${id}:`));
  if (parent !== undefined) {
    return new UsageError(
      `unexpected argument ${JSON.stringify(spaced(given.slice(parent.length + 1)))}`,
      `\`millrace ${spaced(parent)}\` takes none`,
    );
  }
  const topics = new Set(ids.filter((id) => id.includes(':')).map((id) => id.split(':')[0]!));
  const near = nearest(spaced(given), [...ids.map(spaced), ...topics]);
  const hint = near === undefined ? '`millrace --help` lists the commands' : `did you mean \`millrace ${near}\`?`;
  return new UsageError(`unknown command ${JSON.stringify(spaced(given))}`, hint);
}

/** What the parser's errors carry besides their message. */
interface ParseError {
  readonly parse?: { readonly input?: { readonly flags?: Readonly<Record<string, unknown>> } };
}

function nearestFlag(given: string, { parse }: ParseError): string | undefined {
  const names = Object.keys(parse?.input?.flags ?? {});
  const near = nearest(given.replace(/^-+/, ''), names);
  return near === undefined ? undefined : `--${near}`;
}

function firstLower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
