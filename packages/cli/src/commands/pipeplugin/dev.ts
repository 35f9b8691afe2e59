import { Args } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { untilInterrupted } from '../../interrupt.ts';
import { errorText } from '../../output/error-text.ts';
import { installProject } from '../../plugin/install-plugins.ts';
import { readPluginProject } from '../../plugin/plugin-project.ts';
import { watchProject } from '../../plugin/watch-project.ts';

export default class PipepluginDev extends ClientCommand {
  static override readonly summary = 'Install the plugins of a project, and again whenever a file is saved.';
  static override readonly description =
    'Pipes that use them go over to the new code between two events. Ends with Ctrl-C; the plugins stay.';
  static override readonly examples = ['<%= config.bin %> pipeplugin dev', '<%= config.bin %> pipeplugin dev plugins/webhook-connector'];
  static override readonly args = { folder: Args.string({ description: 'folder of the project', default: '.' }) };
  static override readonly enableJsonFlag = false;

  async run() {
    const { args, flags } = await this.parse(PipepluginDev);
    const { folder } = readPluginProject(args.folder);
    const client = this.client(flags);
    const install = async () => {
      const begun = performance.now();
      const { plugins } = await installProject(client, readPluginProject(folder), true);
      this.log(`installed ${plugins.map(({ name }) => name).join(', ')} in ${Math.round(performance.now() - begun)} ms`);
    };
    const signal = untilInterrupted();
    // Watched from the start: what is saved meanwhile counts.
    const changes = watchProject(folder, signal);
    const first = changes.next();
    await install();
    this.log('waiting for changes');
    for (let next = await first; !next.done; next = await changes.next()) {
      this.log(`changed ${next.value.join(', ')}`);
      // The next save mends it.
      await install().catch((error: unknown) => this.log(errorText(error, process.stdout)));
    }
  }
}
