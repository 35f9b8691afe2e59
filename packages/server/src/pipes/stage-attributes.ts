import type { PipeDefinition, PipeStageDefinition } from '@millrace/catalog';
import type { StageKind } from '@millrace/sdk';

export type Attributes = Readonly<Record<string, string>>;

/** Before a key of the stage; the first is also the key that names the plugin, as the others are. */
const words: Readonly<Record<StageKind, readonly string[]>> = {
  extractor: ['extractor', 'source'],
  processor: ['processor'],
  connector: ['connector', 'sink'],
};

const defaultPlugins: Readonly<Record<StageKind, string | null>> = {
  extractor: 'iotdb-extractor',
  processor: 'do-nothing-processor',
  connector: null,
};

/** What a pipe does beside its stages; written in any of them. */
export interface PipeOptions {
  /** What becomes of a record that cannot be processed. */
  readonly onError: 'stop' | 'dead-letter';
  /** Whether a pipe that has failed starts again by itself. */
  readonly autoRestart: boolean;
}

const optionValues: ReadonlyMap<string, readonly string[]> = new Map([
  ['on.error', ['stop', 'dead-letter']],
  ['auto.restart', ['true', 'false']],
]);

/** The stages of a pipe, in their order. */
export const stageKinds = ['extractor', 'processor', 'connector'] as const satisfies readonly StageKind[];

/** A key without the word of its stage. */
function bareKey(kind: StageKind, key: string): string {
  const word = words[kind].find((candidate) => key.startsWith(`${candidate}.`));
  return word === undefined ? key : key.slice(word.length + 1);
}

/** A stage as it is written. Problems are added to the list. */
export function stageDefinition(kind: StageKind, attributes: Attributes, problems: string[]): PipeStageDefinition {
  const named = words[kind].filter((word) => Object.hasOwn(attributes, word));
  if (named.length > 1) problems.push(`'${named[1]}' and '${named[0]}' mean the same attribute`);
  const plugin = named.length === 0 ? defaultPlugins[kind] : attributes[named[0]!]!;
  if (plugin === null) problems.push(`'${words[kind][0]}' is missing: it names the plugin, as in 'connector' = 'kafka-connector'`);
  return { plugin: plugin ?? '', attributes };
}

/** The attributes that the plugin itself reads. */
export function pluginAttributes(kind: StageKind, attributes: Attributes): Attributes {
  const own = Object.entries(attributes).filter(([key]) => !words[kind].includes(key) && !optionValues.has(bareKey(kind, key)));
  return Object.fromEntries(own);
}

/** The attributes of the pipe itself. Problems are added to the list. */
export function pipeOptions(pipe: Pick<PipeDefinition, StageKind>, problems: string[] = []): PipeOptions {
  const given = new Map<string, { readonly key: string; readonly value: string }>();
  for (const kind of stageKinds)
    for (const [key, value] of Object.entries(pipe[kind].attributes)) {
      const name = bareKey(kind, key);
      const legal = optionValues.get(name);
      if (legal === undefined) continue;
      const earlier = given.get(name);
      if (earlier !== undefined) problems.push(`'${key}' and '${earlier.key}' mean the same attribute`);
      if (!legal.includes(value)) problems.push(`'${key}' = '${value}' is not known; legal: ${legal.join(' or ')}`);
      given.set(name, { key, value });
    }
  return {
    onError: given.get('on.error')?.value === 'dead-letter' ? 'dead-letter' : 'stop',
    autoRestart: given.get('auto.restart')?.value === 'true',
  };
}

/** The stage with other attributes in the place of those of the same meaning, and those that are new. */
export function modifyAttributes(kind: StageKind, attributes: Attributes, changes: Attributes): Attributes {
  const meaning = (key: string) => (words[kind].includes(key) ? words[kind][0]! : `.${bareKey(kind, key)}`);
  const changed = new Set(Object.keys(changes).map(meaning));
  const kept = Object.entries(attributes).filter(([key]) => !changed.has(meaning(key)));
  return { ...Object.fromEntries(kept), ...changes };
}

const secretKey = /(^|[._-])(password|passwd|secret|token|credentials?|api-?key)$/i;

/** As SHOW prints it, without secrets. @param isSecret tells what a plugin knows to be one, by its key without the word of the stage */
export function printAttributes(kind: StageKind, { plugin, attributes }: PipeStageDefinition, isSecret: (key: string) => boolean): string {
  const named = words[kind].some((word) => Object.hasOwn(attributes, word)) ? attributes : { [words[kind][0]!]: plugin, ...attributes };
  const list = Object.entries(named).map(([key, value]) => {
    const hidden = secretKey.test(key) || isSecret(bareKey(kind, key));
    return `${key}=${hidden ? '******' : withoutCredentials(value)}`;
  });
  return `{${list.join(', ')}}`;
}

/** Of URLs with a password in them. */
function withoutCredentials(value: string): string {
  return value.replace(/\/\/[^/@\s]*@/g, '//******@');
}
