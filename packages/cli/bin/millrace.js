#!/usr/bin/env node
// The entry of the command line. Plain JavaScript that an old Node understands, so that it can say what is wrong or hand over.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const manifest = JSON.parse(readFileSync(join(here, '../package.json'), 'utf8'));
const [major, minor] = process.versions.node.split('.').map(Number);
const isNewEnough = major > 22 || (major === 22 && minor >= 18);
// In a checkout the sources are run, so that a build of yesterday does not answer.
const sourceFlags = existsSync(join(here, '../src')) ? ['--conditions=source'] : [];

if (!isNewEnough) handOver();
else if (['--version', '-v', 'version'].includes(process.argv[2])) {
  // Answered here, before anything is loaded.
  console.log(`millrace/${manifest.version} ${process.platform}-${process.arch} node-${process.version}`);
} else if (!sourceFlags.every((flag) => process.execArgv.includes(flag))) {
  runNode(process.execPath, sourceFlags);
} else {
  // What has been compiled once is not compiled again: that halves the time of most commands.
  module.enableCompileCache?.();
  // The package itself, by name: its manifest's conditions decide between sources and build.
  const { main } = await import('millrace');
  await main();
}

/** Runs the Node that is installed beside this package, or says which one is needed. */
function handOver() {
  for (let folder = here; folder !== dirname(folder); folder = dirname(folder)) {
    const beside = join(folder, 'node_modules/node/bin/node');
    if (existsSync(beside)) return runNode(beside, [...process.execArgv, ...sourceFlags]);
  }
  console.error(
    `millrace needs Node 22.18 or newer, this is ${process.version}: install a newer Node, or \`npm install node@24\` beside it`,
  );
  process.exit(1);
}

/** Runs this command line in another Node, which gets the signals of the terminal itself, and passes others on. */
function runNode(node, flags) {
  const child = spawn(node, [...flags, fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.once('exit', (code, signal) => process.exit(signal === null ? code : 1));
}
