import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { createPlugin, installProject } from '../../plugin/install-plugins.ts';
import { readPluginProject } from '../../plugin/plugin-project.ts';
import { UsageError } from '../../usage-error.ts';

export default class PipepluginInstall extends ClientCommand {
  static override readonly summary = 'Install the plugins of a project, or of a package elsewhere, into the server.';
  static override readonly description =
    'A project is packed with what it needs when it runs; the server has to see the file, so it runs on this machine. ' +
    'What a URI names is fetched by the server.';
  static override readonly examples = [
    '<%= config.bin %> pipeplugin install .',
    '<%= config.bin %> pipeplugin install . --replace',
    '<%= config.bin %> pipeplugin install npm:@acme/webhook@1.2.0 --name webhook-connector',
  ];
  static override readonly args = {
    source: Args.string({ description: 'folder of a project, or file:, https: or npm: URI', default: '.' }),
  };
  static override readonly flags = {
    replace: Flags.boolean({ description: 'also if it is there: pipes that use it go over to the new code' }),
    name: Flags.string({ description: 'name for the plugin of a URI' }),
    export: Flags.string({ description: 'export of the package of a URI that is the plugin', default: 'default' }),
  };

  async run() {
    const { args, flags } = await this.parse(PipepluginInstall);
    const client = this.client(flags);
    if (/^(file|https?|npm):/.test(args.source)) {
      if (flags.name === undefined) throw new UsageError('--name is missing', 'it names the plugin for pipes: --name webhook-connector');
      const plugin = { name: flags.name, exportName: flags.export, uri: args.source, replace: flags.replace };
      await createPlugin(client, plugin);
      this.log(`installed ${plugin.name}`);
      return { plugins: [{ name: plugin.name, exportName: plugin.exportName }] };
    }
    const project = readPluginProject(args.source);
    const installed = await installProject(client, project, flags.replace);
    for (const { name, kind } of installed.plugins) this.log(`installed ${kind} ${name}`);
    this.log(`${project.name} ${project.version}, ${installed.sizeBytes} bytes, sha256 ${installed.sha256}`);
    return { package: project.name, version: project.version, ...installed };
  }
}
