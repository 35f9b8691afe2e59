/** The shortest text that reads back as the same float64; `nan`, `inf`, `-inf`, `-0`. */
export function formatFloat64(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  // Only from 1e21 on does JavaScript write an exponent with a plus.
  if (Math.abs(value) < 1e21) return String(value);
  if (Number.isFinite(value)) return shortExponent(String(value));
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

const minNormalFloat32 = 2 ** -126;

/** The shortest text that reads back as the same float32, e.g. `0.1` for the float32 nearest to it. */
export function formatFloat32(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatFloat64(value);
  const magnitude = Math.abs(value);
  if (magnitude < 100 && magnitude >= 1e-3) {
    // Up to six digits name a float32 uniquely, so what reads back with so few is the shortest.
    const rounded = Math.round(value * 1e4) / 1e4;
    if (Math.fround(rounded) === value) return String(rounded);
  }
  // Subnormals have fewer than six digits.
  for (let digits = magnitude < minNormalFloat32 ? 1 : 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return shortExponent(String(short));
  }
  return shortExponent(String(Number(value.toPrecision(9))));
}

function shortExponent(text: string): string {
  return text.replace('e+', 'e');
}

const floatPattern = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
const specials: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, infinity: Infinity };

/** The float64 that a text names, or undefined: decimal digits with point and exponent, `nan`, `[±]inf`, `[±]infinity` in any case. */
export function parseFloatText(text: string): number | undefined {
  if (floatPattern.test(text)) return Number(text);
  const sign = text[0] === '-' ? -1 : 1;
  const special = specials[text.replace(/^[-+]/, '').toLowerCase()];
  return special === undefined ? undefined : sign * special;
}

/** The integer that a text names, or undefined: an optional sign and digits, nothing else. */
export function parseIntegerText(text: string): bigint | undefined {
  return /^[-+]?\d{1,40}$/.test(text) ? BigInt(text[0] === '+' ? text.slice(1) : text) : undefined;
}
