import { Flags } from '@oclif/core';
import { quoteText } from '../output/sql-text.ts';
import { UsageError } from '../usage-error.ts';

const stageFlag = (description: string) => Flags.string({ description, multiple: true, multipleNonGreedy: true });

/** The stages of a pipe as flags: a word names the plugin, key=value gives it an attribute. */
export const stageFlags = {
  extractor: stageFlag('plugin that reads, or key=value for it; may be given several times'),
  processor: stageFlag('plugin that changes events, or key=value for it; may be given several times'),
  connector: stageFlag('plugin that delivers, or key=value for it; may be given several times'),
};

export type Stage = keyof typeof stageFlags;
export const stages = Object.keys(stageFlags) as readonly Stage[];

/** The attributes of a stage as SQL: `('connector' = 'tap-connector', 'path' = 'out')`. @throws {UsageError} */
export function stageText(stage: Stage, given: readonly string[]): string {
  const attributes = new Map<string, string>();
  for (const piece of given) {
    const at = piece.indexOf('=');
    const [key, value] = at < 0 ? [stage, piece] : [piece.slice(0, at), piece.slice(at + 1)];
    if (key === '') throw new UsageError(`--${stage} takes the name of a plugin or key=value, not ${JSON.stringify(piece)}`);
    if (attributes.has(key)) throw new UsageError(`--${stage} gives ${JSON.stringify(key)} twice`);
    attributes.set(key, value);
  }
  return `(${[...attributes].map(([key, value]) => `${quoteText(key)} = ${quoteText(value)}`).join(', ')})`;
}
