import type { Attribute, AttributeDescription, ReadOptions } from './attribute.ts';

/** How the text of an attribute becomes its value. Throws what is wrong with it. */
export type TextReader<T> = (text: string, options: ReadOptions) => T;

/** An attribute that must be given, until `optional` or `default` say otherwise. @param isSecret never printed */
export function textAttribute<T>(type: string, legal: string, read: TextReader<T>, isSecret = false): Attribute<T> {
  return new TextAttribute(
    { type, legal, help: '', example: undefined, default: undefined, isRequired: true, isSecret, aliases: [] },
    read,
  );
}

class TextAttribute<T> implements Attribute<T> {
  readonly description: AttributeDescription;
  readonly #read: TextReader<T>;

  constructor(description: AttributeDescription, read: TextReader<T>) {
    this.description = Object.freeze(description);
    this.#read = read;
  }

  read(text: string, options: ReadOptions = {}): T {
    return this.#read(text, options);
  }

  describe(help: string): Attribute<T> {
    return this.#with({ help });
  }

  example(text: string): Attribute<T> {
    this.#assertLegal('example', text);
    return this.#with({ example: text });
  }

  alias(...keys: string[]): Attribute<T> {
    return this.#with({ aliases: [...this.description.aliases, ...keys] });
  }

  optional(): Attribute<T | undefined> {
    return new TextAttribute<T | undefined>({ ...this.description, isRequired: false }, this.#read);
  }

  default(text: string): Attribute<T> {
    this.#assertLegal('default', text);
    return this.#with({ default: text, isRequired: false });
  }

  #with(change: Partial<AttributeDescription>): Attribute<T> {
    return new TextAttribute({ ...this.description, ...change }, this.#read);
  }

  #assertLegal(what: string, text: string): void {
    try {
      this.#read(text, {});
    } catch (cause) {
      throw new TypeError(`the ${what} '${text}' of an attribute is not legal: ${messageOf(cause)}`, { cause });
    }
  }
}

/** What a reader has thrown, as text. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
