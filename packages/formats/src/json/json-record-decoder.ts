import type { Column } from '@millrace/data';
import { LaneSet } from '../lane/lane-set.ts';
import type { DecodeColumn, DecodeFailure, DecodeOptions, RecordDecoder } from '../ports.ts';
import { compileLayout, isLearnable, type Layout, type LayoutReader } from './layout.ts';
import { skipBlanks, skipKey, skipValue } from './scan.ts';
import { unescapeInto } from './unescape.ts';

/** How many shapes of records are kept compiled; most topics have one. */
const keptLayouts = 4;
/** A topic without regular shapes must not have code generated for ever. */
const maxCompilations = 32;
/** So many records of no known shape pass before another one is learned. */
const recordsBetweenLearning = 64;

/**
 * Decodes JSON objects, one a record.
 *
 * Records of a topic mostly have the same shape: the same fields in the same order, with the same blanks. The shape of a
 * record is learned and compiled ({@link compileLayout}); records that follow it are read by straight-line code, the others
 * by the general way, which accepts exactly what `JSON.parse` accepts (save a nesting deeper than 1,000 levels) and
 * whose fields fit their columns. Bytes that are not UTF-8 are kept as they are: a SQL string is a string of bytes.
 */
export class JsonRecordDecoder implements RecordDecoder {
  readonly #set: LaneSet;
  readonly #placesByLength: readonly (readonly { readonly index: number; readonly name: Buffer }[])[];
  readonly #valueStarts: Int32Array;
  readonly #valueEnds: Int32Array;
  #bytes: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #layouts: LayoutReader[] = [];
  #compilations = 0;
  #unknownShapes = recordsBetweenLearning;
  #layout: Layout | null = null;

  constructor(columns: readonly DecodeColumn[], options: DecodeOptions) {
    this.#set = new LaneSet(columns, options);
    const places: { index: number; name: Buffer }[][] = [];
    columns.forEach(({ name }, index) => {
      const bytes = Buffer.from(name);
      (places[bytes.length] ??= []).push({ index, name: bytes });
    });
    this.#placesByLength = places;
    this.#valueStarts = new Int32Array(columns.length);
    this.#valueEnds = new Int32Array(columns.length);
  }

  get failure(): DecodeFailure {
    return this.#set.failure;
  }

  get rowCount(): number {
    return this.#set.rowCount;
  }

  begin(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#set.begin(bytes);
  }

  append(start: number, end: number): boolean {
    const set = this.#set;
    set.reserve();
    const layouts = this.#layouts;
    for (let i = 0; i < layouts.length; i++) {
      if (!layouts[i]!(this.#bytes, this.#view, start, end, set.rowCount)) continue;
      if (i > 0) [layouts[0], layouts[i]] = [layouts[i]!, layouts[0]!];
      set.rowCount++;
      return true;
    }
    if (!this.#appendAny(start, end)) return false;
    set.rowCount++;
    return true;
  }

  finish(): Column[] {
    return this.#set.finish();
  }

  #appendAny(start: number, end: number): boolean {
    const set = this.#set;
    for (const lane of set.lanes) lane.clearNull(set.rowCount);
    this.#layout =
      this.#compilations < maxCompilations && ++this.#unknownShapes > recordsBetweenLearning ? { members: [], tail: [0, 0] } : null;
    if (!this.#findValues(start, end) || !this.#setValues(start, end)) return false;
    if (this.#layout !== null) this.#learn(this.#layout);
    return true;
  }

  /** Walks over the whole record and notes where the values of the columns stand: of a field given twice the last. */
  #findValues(start: number, end: number): boolean {
    const bytes = this.#bytes;
    this.#valueStarts.fill(-1);
    let p = skipBlanks(bytes, start, end);
    if (p === end || bytes[p] !== 123) return this.#malformed(p, start, end, 'an object');
    let glueStart = start;
    p = skipBlanks(bytes, p + 1, end);
    if (p < end && bytes[p] === 125) p++;
    else {
      for (;;) {
        const keyStart = p;
        p = skipKey(bytes, p, end);
        if (p < 0) return this.#malformed(~p, start, end, 'a field');
        const place = this.#findPlace(keyStart + 1, bytes.lastIndexOf(34, p - 1));
        const valueStart = skipBlanks(bytes, p, end);
        p = skipValue(bytes, valueStart, end);
        if (p < 0) return this.#malformed(~p, start, end, 'a value');
        if (place >= 0) {
          this.#valueStarts[place] = valueStart;
          this.#valueEnds[place] = p;
        }
        this.#layout?.members.push({ place, glueStart, valueStart, valueEnd: p });
        glueStart = p;
        p = skipBlanks(bytes, p, end);
        const next = p < end ? bytes[p] : 0;
        if (next !== 44 && next !== 125) return this.#malformed(p, start, end, 'a comma or a closing brace');
        p++;
        if (next === 125) break;
        p = skipBlanks(bytes, p, end);
      }
    }
    if (this.#layout !== null) this.#layout.tail = [glueStart, end];
    p = skipBlanks(bytes, p, end);
    return p === end || this.#malformed(p, start, end, 'the end of the record');
  }

  #setValues(start: number, end: number): boolean {
    const set = this.#set;
    const bytes = this.#bytes;
    for (let index = 0; index < set.lanes.length; index++) {
      const valueStart = this.#valueStarts[index]!;
      if (valueStart < 0 || bytes[valueStart] === 110) {
        if (!set.setFallback(index, (valueStart < 0 ? end : valueStart) - start)) return false;
      } else if (!set.lanes[index]!.setJson(set.rowCount, bytes, valueStart, this.#valueEnds[index]!)) {
        return set.failValue(index, bytes, valueStart, this.#valueEnds[index]!, valueStart - start);
      }
    }
    return true;
  }

  /** The column that the key `bytes[start … end)` names, or −1. */
  #findPlace(start: number, end: number): number {
    const bytes = this.#bytes;
    const places = this.#placesByLength[end - start];
    if (places !== undefined) {
      for (const { index, name } of places) {
        let i = 0;
        while (i < name.length && name[i] === bytes[start + i]) i++;
        if (i === name.length) return index;
      }
    }
    return bytes.subarray(start, end).includes(92) ? this.#findEscaped(start, end) : -1;
  }

  #findEscaped(start: number, end: number): number {
    const name = Buffer.alloc(end - start);
    const length = unescapeInto(name, 0, this.#bytes, start, end);
    return this.#placesByLength[length]?.find((place) => place.name.equals(name.subarray(0, length)))?.index ?? -1;
  }

  #learn(layout: Layout): void {
    if (!isLearnable(layout, this.#set.columns)) return;
    this.#compilations++;
    this.#unknownShapes = 0;
    this.#layouts = [compileLayout(this.#bytes, layout, this.#set), ...this.#layouts.slice(0, keptLayouts - 1)];
  }

  #malformed(at: number, start: number, end: number, expected: string): false {
    const found = at >= end ? 'the end' : JSON.stringify(this.#bytes.toString('utf8', at, Math.min(at + 12, end)));
    return this.#set.fail(`malformed JSON: expected ${expected} at byte ${at - start}, found ${found}`, null, at - start);
  }
}
