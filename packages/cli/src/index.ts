import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { flush, run } from '@oclif/core';
import { reportAndExit } from './report-error.ts';
import { unknownCommand } from './usage-error.ts';

/** Commands are run from the sources where this file is a source, from the build where it is built. */
const commandsTarget = import.meta.url.endsWith('.ts') ? './src/commands.ts' : './dist/commands.js';
const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs the command line: `process.argv`. Ends the process with exit code 0 ok, 1 failed, 2 usage, 3 not reachable, 130 interrupted. */
export async function main(): Promise<void> {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const pjson = {
    ...manifest,
    oclif: {
      bin: 'millrace',
      dirname: 'millrace',
      topicSeparator: ' ',
      plugins: ['@oclif/plugin-autocomplete'],
      commands: { strategy: 'explicit', target: commandsTarget, identifier: 'commands' },
      topics: {
        'broker:user': { description: 'users that authenticate themselves to a broker' },
        pipe: { description: 'pipes: from streams to wherever their records are wanted' },
        pipeplugin: { description: 'plugins of pipes: those that there are, and those of your own' },
        gen: { description: 'files made from the catalog' },
        stream: { description: 'streams: Kafka topics with a schema' },
        query: { description: 'queries that are running' },
        topic: { description: 'topics of any Kafka cluster' },
        view: { description: 'views: queries with a name, and queries that run without a client' },
        group: { description: 'consumer groups of any Kafka cluster' },
        config: { description: 'the configuration of the server' },
      },
    },
  };
  // kafkajs sets a timer to a negative time, which is harmless and of no interest to who runs a command.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name !== 'TimeoutNegativeWarning') process.stderr.write(`${warning.name}: ${warning.message}\n`);
  });
  // Whoever reads the output may stop: `| head` is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    await run(process.argv.slice(2), { root, pjson });
    await flush();
  } catch (thrown) {
    await reportAndExit(await explained(thrown));
  }
}

/** An unknown command gets the nearest one told. */
async function explained(thrown: unknown): Promise<unknown> {
  const id = thrown instanceof Error ? thrown.message.match(/^command (.+) not found\.?$/i)?.[1] : undefined;
  if (id === undefined) return thrown;
  const { commands } = await import('./commands.ts');
  return unknownCommand(id, Object.keys(commands));
}
