import type { StageOpener } from '../stage/stage.ts';
import type { StageLink, StagePorts } from './stage-environment.ts';

/** Opens the stages of the pipes of one thread: what is built in beside them, the plugins of users in their workers. */
export interface HostedStages extends StageOpener {
  /** Closes what is still open, then the port. */
  close(): Promise<void>;
}

/** Makes {@link HostedStages} in a thread, with what `PluginHost.attach` gave for it. */
export type OpenHostedStages = (link: StageLink, ports: StagePorts) => HostedStages;
