import { ClientCommand } from '../base-command.ts';
import { configurationFlags, configurationInput } from '../configuration-flags.ts';
import { checkBrokers } from '../doctor/broker-check.ts';
import { checkMachine } from '../doctor/machine-checks.ts';
import { checkServer } from '../doctor/server-checks.ts';
import { renderTable } from '../output/table.ts';

export default class Doctor extends ClientCommand {
  static override readonly summary =
    'Check this machine, the configuration, the server and its brokers, and say what to do about what is wrong.';
  static override readonly description = 'Changes nothing. Ends with exit code 1 if a check has failed.';
  static override readonly examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --config /etc/millrace/millrace.yaml --json'];
  static override readonly flags = configurationFlags;

  async run() {
    const { flags } = await this.parse(Doctor);
    const load = async () => (await import('@millrace/server')).loadConfiguration(configurationInput(flags));
    const findings = [...(await checkMachine(load)), ...(await checkServer(this.client(flags))), await checkBrokers(load)];
    this.log(
      renderTable(
        findings.map((found) => ({ ...found })),
        ['check', 'state', 'detail', 'hint'],
      ),
    );
    if (findings.some(({ state }) => state === 'failed')) process.exitCode = 1;
    return { checks: findings };
  }
}
