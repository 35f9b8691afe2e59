import { MillraceError } from '@millrace/core';
import { toText } from '../byte-string.ts';
import type { Value } from '../column.ts';
import type { DataType } from '../data-type.ts';
import { formatDataType } from '../type/format-data-type.ts';
import { quoteText } from './format-value.ts';

const shownLength = 80;

/** DATA_CAST_FAILED for a value that does not convert. */
export function castError(value: Value, to: DataType, reason = ''): MillraceError {
  const type = formatDataType(to);
  return new MillraceError('DATA_CAST_FAILED', `cannot convert ${showValue(value)} to ${type}${reason === '' ? '' : `: ${reason}`}`, {
    details: { type },
  });
}

function showValue(value: Value): string {
  if (typeof value === 'string') {
    const text = toText(value);
    return quoteText(text.length > shownLength ? `${text.slice(0, shownLength)}…` : text);
  }
  if (value === null) return 'NULL';
  return typeof value === 'object' ? 'the value' : String(value);
}
