import { formatFloat32, formatFloat64 } from '@millrace/data';
import type { OutputBuffer } from './output-buffer.ts';

/** Writes the shortest text that reads back as the number, which is finite. Numbers with up to four decimals, the most common, take no string. */
export function writeFloat64(out: OutputBuffer, value: number): void {
  const scaled = Math.round(value * 1e4);
  if (Math.abs(scaled) < 1e14 && scaled / 1e4 === value && scaled !== 0) writeScaled(out, scaled);
  else out.latin1(formatFloat64(value));
}

/** {@link writeFloat64} for a value of float32: `0.1`, not `0.10000000149011612`. */
export function writeFloat32(out: OutputBuffer, value: number): void {
  const magnitude = Math.abs(value);
  const scaled = Math.round(value * 1e4);
  if (magnitude < 100 && magnitude >= 1e-3 && Math.fround(scaled / 1e4) === value) writeScaled(out, scaled);
  else out.latin1(formatFloat32(value));
}

/** Ten thousandths, without trailing zeros. */
function writeScaled(out: OutputBuffer, scaled: number): void {
  const magnitude = Math.abs(scaled);
  const whole = Math.floor(magnitude / 1e4);
  let fraction = magnitude - whole * 1e4;
  if (scaled < 0) out.byte(45);
  out.integer(whole);
  if (fraction === 0) return;
  out.byte(46);
  for (let unit = 1000; fraction > 0; unit /= 10) {
    const digit = Math.floor(fraction / unit);
    out.byte(48 + digit);
    fraction -= digit * unit;
  }
}
