import { parseFloatText } from '@millrace/data';

/** 10^n for n = 0 … 22: the powers that a double holds exactly. */
export const exactPowersOfTen: readonly number[] = Array.from({ length: 23 }, (_, n) => Number(`1e${n}`));

/** So many decimal digits always fit a double's 53 bits. */
export const exactDigits = 15;

/**
 * The number that `bytes[start … end)` names, or undefined: decimal digits with point and exponent, `nan`, `[±]inf`.
 * Short decimals are computed (one division of two exact numbers rounds once, so the result is exact); the rest goes to `Number`.
 */
export function parseNumberSpan(bytes: Buffer, start: number, end: number): number | undefined {
  let p = start;
  const negative = bytes[p] === 45;
  if (negative) p++;
  const digitsStart = p;
  let mantissa = 0;
  while (p < end && (bytes[p]! - 48) >>> 0 <= 9) mantissa = mantissa * 10 + (bytes[p++]! - 48);
  let digits = p - digitsStart;
  if (digits === 0) return parseFloatText(bytes.toString('latin1', start, end));
  let scale = 0;
  if (p < end && bytes[p] === 46) {
    const fraction = ++p;
    while (p < end && (bytes[p]! - 48) >>> 0 <= 9) mantissa = mantissa * 10 + (bytes[p++]! - 48);
    scale = p - fraction;
    digits += scale;
  }
  if (p !== end || digits > exactDigits) return parseFloatText(bytes.toString('latin1', start, end));
  const value = scale === 0 ? mantissa : mantissa / exactPowersOfTen[scale]!;
  return negative ? -value : value;
}
