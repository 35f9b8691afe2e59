import { MillraceError } from '@millrace/core';
import { resolveQuerySettings } from '@millrace/planner';
import type { Expression, SetStatement } from '@millrace/sql';
import { type Answer, noAnswer } from './answer.ts';
import type { Request } from './services.ts';

/** SET: settings for the statements behind it in the same request. @throws {MillraceError} PLAN_SETTING_UNKNOWN, PLAN_ARGUMENT_INVALID */
export function setSettings(statement: SetStatement, { settings }: Request): Answer {
  const given = Object.fromEntries(statement.settings.map(({ name, value }) => [name.name, settingValue(value)]));
  resolveQuerySettings(given);
  Object.assign(settings, given);
  return noAnswer;
}

function settingValue(value: Expression): string | boolean {
  if (value.kind === 'string' || value.kind === 'boolean') return value.value;
  if (value.kind === 'number') return value.text;
  throw new MillraceError('PLAN_ARGUMENT_INVALID', 'the value of a setting is a string, a number or a bool');
}
