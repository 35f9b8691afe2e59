import { styleText } from 'node:util';
import { codeFrame, MillraceError } from '@millrace/core';
import { ServerError } from '../api/errors.ts';

/** An error in the parts that are printed. */
export interface ErrorParts {
  /** Code of the error, and the number that other clients know it by. */
  readonly code: string | undefined;
  readonly number: number | undefined;
  readonly message: string;
  readonly frame: string | undefined;
  readonly hint: string | undefined;
}

/** Anything thrown, taken apart for printing. */
export function errorParts(thrown: unknown): ErrorParts {
  const nothing = { code: undefined, number: undefined, frame: undefined, hint: undefined };
  if (thrown instanceof ServerError) {
    const { codeName, number, message, frame, hint } = thrown;
    return { code: codeName || undefined, number: number || undefined, message, frame, hint };
  }
  if (thrown instanceof MillraceError) {
    const { code, message, position, source, hint } = thrown;
    const frame = position !== undefined && source !== undefined ? codeFrame(source, position) : undefined;
    return { ...nothing, code, message, frame, hint };
  }
  if (!(thrown instanceof Error)) return { ...nothing, message: String(thrown) };
  return { ...nothing, message: thrown.message, hint: (thrown as { hint?: string }).hint };
}

/** `CODE (number): message`, the frame, and `hint: …`; in colour where `stream` is a terminal. */
export function errorText(thrown: unknown, stream: NodeJS.WriteStream): string {
  const { code, number, message, frame, hint } = errorParts(thrown);
  const paint = (style: Parameters<typeof styleText>[0], text: string) => styleText(style, text, { stream });
  const label = code === undefined ? paint('red', 'error') : paint('red', number === undefined ? code : `${code} (${number})`);
  const lines = [`${label}: ${message}`];
  if (frame !== undefined) lines.push(frame.replace(/\^+/g, (carets) => paint('red', carets)));
  if (hint !== undefined) lines.push(`${paint('cyan', 'hint')}: ${hint}`);
  return lines.join('\n');
}
