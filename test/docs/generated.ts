import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aggregateFunctions, type ScalarFunction, scalarFunctions } from '@millrace/functions';
import { type ConfigurationKey, configurationKeys, variableOf } from '@millrace/server';
import { apiReport } from '../../sdk/test/api/api-report.ts';
import { root } from '../architecture/workspace.ts';
import { pluginReference } from './plugin-reference.ts';

/** A page whose text, or a part of it, is made from the code. */
export interface GeneratedPage {
  readonly path: string;
  readonly text: string;
}

export async function generatedPages(): Promise<GeneratedPage[]> {
  return [
    { path: 'docs/functions.md', text: functionReference() },
    { path: 'docs/plugins/reference.md', text: await pluginReference() },
    { path: 'sdk/api-report.md', text: apiReport() },
    { path: 'docs/configuration.md', text: withKeys(readFileSync(join(root, 'docs/configuration.md'), 'utf8')) },
  ];
}

type Documented = Pick<ScalarFunction, 'name' | 'aliases' | 'signature' | 'help' | 'examples'>;

function functionReference(): string {
  const sections = [
    '# Functions',
    '',
    'Made from the definitions (`npm run docs`); every example is a test. Names are matched without regard to case, and in CamelCase too.',
    '',
    '## Aggregates',
    '',
    'Each has an `_if` form with a condition as its last argument. NULL arguments are skipped.',
    '',
    ...byName(aggregateFunctions()).flatMap(describe),
    '## Scalar functions and operators',
    '',
    ...byName(scalarFunctions()).flatMap(describe),
  ];
  return `${sections.join('\n').trimEnd()}\n`;
}

function byName<T extends Documented>(functions: Iterable<T>): T[] {
  return [...functions].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function describe({ name, aliases, signature, help, examples }: Documented): string[] {
  const also = aliases.length === 0 ? '' : ` Also: ${aliases.map((alias) => `\`${alias}\``).join(', ')}.`;
  const shown = examples.map(([sql, result]) => `\`${sql}\` → \`${JSON.stringify(result)}\``);
  return [`**\`${name}\`** \`${signature}\``, '', `${help}${also}`, '', shown.join(' · '), ''];
}

const [tableStart, tableEnd] = ['<!-- keys -->', '<!-- end of keys -->'];

/** The page with the table of keys between its marks made anew. */
function withKeys(page: string): string {
  const rows = Object.entries<ConfigurationKey>(configurationKeys).map(
    ([key, { default: value, help }]) =>
      `| \`${key}\` | \`${variableOf(key)}\` | ${shownDefault(value)} | ${help.replaceAll('|', '\\|')} |`,
  );
  const table = ['| key | environment | default | |', '|---|---|---|---|', ...rows].join('\n');
  const [before, after] = [page.slice(0, page.indexOf(tableStart)), page.slice(page.indexOf(tableEnd))];
  return `${before}${tableStart}\n\n${table}\n\n${after}`;
}

function shownDefault(value: unknown): string {
  if (Array.isArray(value) || value === '') return 'none';
  return `\`${value}\``;
}
