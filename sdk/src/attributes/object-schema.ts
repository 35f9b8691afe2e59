import type { Attribute, AttributeResult, AttributeSchema, AttributeShape, ReadOptions, StageKind } from './attribute.ts';
import { closestTo } from './closest-to.ts';
import { messageOf } from './text-attribute.ts';

const prefixes: Readonly<Record<StageKind, readonly string[]>> = {
  extractor: ['extractor.', 'source.'],
  processor: ['processor.'],
  connector: ['connector.', 'sink.'],
};

interface Given {
  /** As it was written. */
  readonly key: string;
  readonly text: string;
}

/** @see AttributeSchema */
export class ObjectSchema<T> implements AttributeSchema<T> {
  readonly attributes: AttributeShape;
  readonly #checks: readonly ((values: T) => readonly string[])[];

  constructor(attributes: AttributeShape, checks: readonly ((values: T) => readonly string[])[]) {
    this.attributes = Object.freeze({ ...attributes });
    this.#checks = checks;
    assertOneKeyEach(attributes);
  }

  check(problems: (values: T) => readonly string[]): AttributeSchema<T> {
    return new ObjectSchema<T>(this.attributes, [...this.#checks, problems]);
  }

  read(given: Readonly<Record<string, string>>, stage: StageKind, options: ReadOptions = {}): AttributeResult<T> {
    const problems: string[] = [];
    const texts = this.#sort(given, stage, problems);
    const values: Record<string, unknown> = {};
    for (const [name, attribute] of Object.entries(this.attributes)) {
      values[name] = readOne(name, attribute, texts.get(name), options, problems);
    }
    // Shape and values agree by construction: object() derives T from the attributes that were read.
    const typed = values as T;
    if (problems.length === 0) problems.push(...this.#checks.flatMap((check) => check(typed)));
    return problems.length === 0 ? { ok: true, values: typed } : { ok: false, problems };
  }

  /** Finds out which attribute each key means. */
  #sort(given: Readonly<Record<string, string>>, stage: StageKind, problems: string[]): ReadonlyMap<string, Given> {
    const names = this.#names();
    const sorted = new Map<string, Given>();
    for (const [key, text] of Object.entries(given)) {
      const name = names.get(bare(key, stage));
      const earlier = name === undefined ? undefined : sorted.get(name);
      if (name === undefined) problems.push(this.#unknownKey(key, text, stage, names));
      else if (earlier !== undefined) problems.push(`'${key}' and '${earlier.key}' mean the same attribute`);
      else sorted.set(name, { key, text });
    }
    return sorted;
  }

  #unknownKey(key: string, text: string, stage: StageKind, names: ReadonlyMap<string, string>): string {
    const known = Object.keys(this.attributes);
    const closest = closestTo(bare(key, stage), [...names.keys()]);
    const meant = closest === undefined ? undefined : this.attributes[names.get(closest)!];
    const hint = closest === undefined ? '' : `, did you mean '${closest}'?`;
    const legal = known.length === 0 ? 'there are no attributes' : `legal: ${known.map((name) => `'${name}'`).join(', ')}`;
    // What was meant may be a secret.
    const isSecret = meant?.description.isSecret ?? /secret|pass|token|key/i.test(key);
    return `'${key}' = ${printed(text, isSecret)} is not known${hint}; ${legal}`;
  }

  #names(): ReadonlyMap<string, string> {
    return new Map(
      Object.entries(this.attributes).flatMap(([name, { description }]) =>
        [name, ...description.aliases].map((key) => [key, name] as const),
      ),
    );
  }
}

function assertOneKeyEach(attributes: AttributeShape): void {
  const seen = new Set<string>();
  for (const [name, { description }] of Object.entries(attributes)) {
    for (const key of [name, ...description.aliases]) {
      if (seen.has(key)) throw new TypeError(`two attributes have the key '${key}'`);
      seen.add(key);
    }
  }
}

function bare(key: string, stage: StageKind): string {
  const prefix = prefixes[stage].find((candidate) => key.startsWith(candidate));
  return prefix === undefined ? key : key.slice(prefix.length);
}

function readOne(name: string, attribute: Attribute<unknown>, given: Given | undefined, options: ReadOptions, problems: string[]): unknown {
  const { description } = attribute;
  const text = given?.text ?? description.default;
  if (text === undefined) {
    if (description.isRequired) problems.push(`'${name}' is missing: ${description.help || description.type} (${description.legal})`);
    return undefined;
  }
  try {
    return attribute.read(text, options);
  } catch (error) {
    problems.push(`'${given?.key ?? name}' = ${printed(text, description.isSecret)} ${messageOf(error)}; legal: ${description.legal}`);
    return undefined;
  }
}

/** A value as an error may show it. */
function printed(text: string, isSecret: boolean): string {
  return isSecret ? '******' : `'${text.replace(/\/\/[^/@\s]*@/g, '//******@')}'`;
}
