import { pathToFileURL } from 'node:url';
import type { ApiClient } from '../api/client.ts';
import { quoteName, quoteText } from '../output/sql-text.ts';
import { type ExportedPlugin, exportedPlugins } from './exported-plugins.ts';
import { packPlugin } from './pack-plugin.ts';
import type { PluginProject } from './plugin-project.ts';

/** What a server has taken over. */
export interface InstalledPackage {
  readonly plugins: readonly ExportedPlugin[];
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Packs a project and has the server take over each of its plugins. @param replace those that are there too: pipes go over to the new code */
export async function installProject(client: ApiClient, project: PluginProject, replace: boolean): Promise<InstalledPackage> {
  const plugins = await exportedPlugins(project);
  const { file, sha256, sizeBytes, remove } = await packPlugin(project);
  try {
    for (const { name, exportName } of plugins) await createPlugin(client, { name, exportName, uri: pathToFileURL(file).href, replace });
    return { plugins, sha256, sizeBytes };
  } finally {
    await remove();
  }
}

/** What CREATE PIPEPLUGIN takes. */
export interface PluginToCreate {
  readonly name: string;
  readonly exportName: string;
  readonly uri: string;
  readonly replace: boolean;
}

export async function createPlugin(client: ApiClient, { name, exportName, uri, replace }: PluginToCreate): Promise<void> {
  const create = replace ? 'CREATE OR REPLACE' : 'CREATE';
  await client.rows(`${create} PIPEPLUGIN ${quoteName(name)} AS ${quoteText(exportName)} USING URI ${quoteText(uri)}`);
}
