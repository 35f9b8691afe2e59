import type { Schema } from '@millrace/data';
import type { RecordSpans } from '@millrace/kafka-protocol';
import { type ColumnPrefix, type PathPattern, pathNode } from './path-pattern.ts';

/** Columns of a stream, by index. */
export interface ChosenColumns {
  readonly schema: Schema;
  /** Null = all. */
  readonly indexes: readonly number[] | null;
}

const eventTime = '_tp_time';

/** Says of the records of a stream which of their columns a pattern chooses. */
export class RowChoice {
  readonly #pattern: PathPattern;
  readonly #stream: string;
  readonly #schema: Schema;
  readonly #byPrefix = new Map<string, ChosenColumns | null>();
  #lastKey: string | null | undefined;
  #last: ChosenColumns | null = null;

  constructor(pattern: PathPattern, stream: string, schema: Schema) {
    this.#pattern = pattern;
    this.#stream = stream;
    this.#schema = schema;
  }

  /** The columns of a record, the event time always among them; null = the record does not match. The same columns are the same object. */
  of(spans: RecordSpans, record: number): ChosenColumns | null {
    const key = spans.keyStarts[record]! < 0 ? null : spans.bytes.toString('utf8', spans.keyStarts[record]!, spans.keyEnds[record]!);
    if (key === this.#lastKey) return this.#last;
    this.#lastKey = key;
    this.#last = this.#chosen(this.#pattern.columnsOf(this.#stream, key));
    return this.#last;
  }

  #chosen(prefix: ColumnPrefix): ChosenColumns | null {
    const text = typeof prefix === 'string' ? prefix : `=${prefix.text}`;
    let chosen = this.#byPrefix.get(text);
    if (chosen === undefined) this.#byPrefix.set(text, (chosen = this.#choose(prefix)));
    return chosen;
  }

  #choose(prefix: ColumnPrefix): ChosenColumns | null {
    if (prefix === 'none') return null;
    if (prefix === 'all') return { schema: this.#schema, indexes: null };
    const matching = this.#schema.flatMap(({ name }, i) => (pathNode(name).startsWith(prefix.text) ? [i] : []));
    if (matching.every((i) => this.#schema[i]!.name === eventTime)) return null;
    const indexes = this.#schema.flatMap(({ name }, i) => (matching.includes(i) || name === eventTime ? [i] : []));
    return { schema: indexes.map((i) => this.#schema[i]!), indexes };
  }
}
