import { access, constants, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Configuration } from '@millrace/server';
import { type Finding, finding } from './check.ts';

/** Below this a broker's segments soon find no room. */
const freeBytesMin = 2 ** 30;

/** Reads the configuration. Loads the server, with its native module. */
export type LoadConfiguration = () => Promise<Configuration>;

/** What a server needs of this machine. */
export async function checkMachine(load: LoadConfiguration): Promise<readonly Finding[]> {
  let configuration: Configuration | undefined;
  const configured = await finding('configuration', async () => {
    configuration = await load();
    return { state: 'ok', detail: configuration.file ?? 'defaults, flags and environment: there is no file' };
  });
  const node = await finding('node', async () => ({ state: 'ok', detail: `${process.version} on ${process.platform}-${process.arch}` }));
  if (configuration === undefined) return [node, configured];
  const folder = resolve(configuration.values.data_dir);
  return [node, configured, await finding('data directory', () => checkFolder(folder))];
}

/** A directory that is not there yet has to be possible. */
async function checkFolder(folder: string): Promise<Omit<Finding, 'check'>> {
  const existing = await nearestExisting(folder);
  await access(existing, constants.R_OK | constants.W_OK);
  const { bavail, bsize } = await statfs(existing);
  const free = bavail * bsize;
  const detail = `${folder}, ${(free / 2 ** 30).toFixed(1)} GiB free${existing === folder ? '' : ', will be made'}`;
  return free < freeBytesMin
    ? { state: 'warning', detail, hint: 'the embedded broker needs room for its segments' }
    : { state: 'ok', detail };
}

async function nearestExisting(folder: string): Promise<string> {
  try {
    await access(folder);
    return folder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(folder) === folder) throw error;
    return nearestExisting(dirname(folder));
  }
}
