import { spawn } from 'node:child_process';
import { Args } from '@oclif/core';
import { BaseCommand } from '../../base-command.ts';
import { readPluginProject } from '../../plugin/plugin-project.ts';
import { UsageError } from '../../usage-error.ts';

export default class PipepluginTest extends BaseCommand {
  static override readonly summary = 'Run the tests of a project: what its `npm test` does.';
  static override readonly examples = ['<%= config.bin %> pipeplugin test', '<%= config.bin %> pipeplugin test plugins/webhook-connector'];
  static override readonly args = { folder: Args.string({ description: 'folder of the project', default: '.' }) };
  static override readonly enableJsonFlag = false;

  async run() {
    const { args } = await this.parse(PipepluginTest);
    const { folder, scripts, name } = readPluginProject(args.folder);
    if (scripts['test'] === undefined) throw new UsageError(`${name} has no tests`, 'its package.json needs a script "test"');
    const code = await new Promise<number | null>((resolve, reject) => {
      const npm = spawn('npm', ['test'], { cwd: folder, stdio: 'inherit', shell: process.platform === 'win32' });
      npm.once('error', reject);
      npm.once('exit', resolve);
    });
    this.exit(code ?? 1);
  }
}
