/** What an attribute is, for validation, help, docs and completion. */
export interface AttributeDescription {
  /** `string`, `integer`, `number`, `boolean`, `duration`, `size`, `time`, `url`, `secret`, `choice`, `list of …`. */
  readonly type: string;
  readonly help: string;
  readonly example: string | undefined;
  /** As it would be written; undefined without one. */
  readonly default: string | undefined;
  readonly isRequired: boolean;
  /** Never printed. */
  readonly isSecret: boolean;
  /** Other keys that mean the same. */
  readonly aliases: readonly string[];
  /** The legal values in words, e.g. `1 … 65535`, `a or b`. */
  readonly legal: string;
}

/** What the meaning of a text depends on, beside the text. */
export interface ReadOptions {
  /** Zone of times that name none, e.g. `Europe/Berlin` or `+01:00`; UTC without it. */
  readonly zone?: string;
}

/** One attribute of a plugin: how its text is read. Immutable: each method gives another one. */
export interface Attribute<T> {
  readonly description: AttributeDescription;
  /** Reads what stands in the statement. @throws {Error} whose message says what is wrong with it, without key and value */
  read(text: string, options?: ReadOptions): T;
  /** @param help what it is for, in a few words */
  describe(help: string): Attribute<T>;
  /** @param text as it would be written. @throws {TypeError} if it is not legal */
  example(text: string): Attribute<T>;
  alias(...keys: string[]): Attribute<T>;
  /** May be left out. */
  optional(): Attribute<T | undefined>;
  /** @param text as it would be written. @throws {TypeError} if it is not legal */
  default(text: string): Attribute<T>;
}

export type AttributeShape = { readonly [key: string]: Attribute<unknown> };

/** The values of a shape. */
export type AttributeValues<S extends AttributeShape> = { readonly [K in keyof S]: S[K] extends Attribute<infer T> ? T : never };

/** All attributes of a plugin. */
export interface AttributeSchema<T> {
  readonly attributes: AttributeShape;
  /** Only for the type checker. */
  readonly of?: T;
  /** Adds a check across attributes: it returns what is wrong, one text a problem. Called when each of them is legal by itself. */
  check(problems: (values: T) => readonly string[]): AttributeSchema<T>;
  /**
   * Values from the keys and texts of a statement. `<stage>.k`, and for extractors `source.k`, for connectors `sink.k`, mean `k`.
   * @returns values, or every problem at once: key, given value (never a secret's), legal values, did-you-mean
   */
  read(given: Readonly<Record<string, string>>, stage: StageKind, options?: ReadOptions): AttributeResult<T>;
}

export type StageKind = 'extractor' | 'processor' | 'connector';

export type AttributeResult<T> = { readonly ok: true; readonly values: T } | { readonly ok: false; readonly problems: readonly string[] };
