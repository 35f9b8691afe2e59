#!/usr/bin/env node
// The entry of the command line. Plain JavaScript that an old Node understands, so that it can say what is wrong or hand over.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const manifest = JSON.parse(readFileSync(join(here, '../package.json'), 'utf8'));
const [major, minor] = process.versions.node.split('.').map(Number);
const isNewEnough = major > 22 || (major === 22 && minor >= 18);

if (!isNewEnough) handOver();
else if (['--version', '-v', 'version'].includes(process.argv[2])) {
  // Answered here, before anything is loaded.
  console.log(`millrace/${manifest.version} ${process.platform}-${process.arch} node-${process.version}`);
} else {
  // The package itself, by name: its manifest's conditions decide between sources and build.
  const { main } = await import('millrace');
  await main();
}

/** Runs the Node that is installed beside this package, or says which one is needed. */
function handOver() {
  for (let folder = here; folder !== dirname(folder); folder = dirname(folder)) {
    const beside = join(folder, 'node_modules/node/bin/node');
    if (existsSync(beside)) {
      const { status } = spawnSync(beside, [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
        stdio: 'inherit',
      });
      process.exit(status ?? 1);
    }
  }
  console.error(
    `millrace needs Node 22.18 or newer, this is ${process.version}: install a newer Node, or \`npm install node@24\` beside it`,
  );
  process.exit(1);
}
