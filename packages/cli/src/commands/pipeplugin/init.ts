import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../base-command.ts';
import { projectKinds, writeProject } from '../../plugin/write-project.ts';

export default class PipepluginInit extends BaseCommand {
  static override readonly summary = 'Write a project for a plugin of your own, in TypeScript, with a test that passes.';
  static override readonly examples = [
    '<%= config.bin %> pipeplugin init threshold',
    '<%= config.bin %> pipeplugin init webhook-connector --kind connector',
  ];
  static override readonly args = {
    folder: Args.string({ description: 'folder to make; its name is that of the plugin', required: true }),
  };
  static override readonly flags = {
    kind: Flags.option({ description: 'what the plugin is', options: projectKinds, default: 'processor' })(),
  };

  async run() {
    const { args, flags } = await this.parse(PipepluginInit);
    const files = await writeProject(args.folder, flags.kind);
    this.log(files.map((file) => `  ${file}`).join('\n'));
    this.log(`\nnext:\n  cd ${args.folder}\n  npm install\n  npm test\n  millrace pipeplugin dev .`);
    return { folder: args.folder, kind: flags.kind, files };
  }
}
