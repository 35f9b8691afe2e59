import type { DropPipe } from '@millrace/sql';
import { pipeNames } from '../pipes/pipe-names.ts';
import { untilGroupLeft } from '../views/view-group.ts';
import { type Answer, noAnswer } from './answer.ts';
import { deleteTopic } from './drop.ts';
import type { Services } from './services.ts';

/** DROP PIPE: delivery ends, and what it has kept of its progress goes. Its dead letters stay. */
export function dropPipe({ ifExists, name: { name } }: DropPipe, services: Services): Promise<Answer> {
  return services.pipes.inTurn(name, async () => {
    const { catalog, pipes, admin } = services;
    if (ifExists && catalog.pipes.get(name) === undefined) return noAnswer;
    await catalog.pipes.drop(name);
    await pipes.registry.stop(name);
    const { groupId } = pipeNames(name);
    await untilGroupLeft(groupId, services);
    await admin.deleteGroup(groupId);
    await deletePipeTopics(name, services);
    return noAnswer;
  });
}

/** Deletes what a pipe keeps in Kafka beside its group. */
export async function deletePipeTopics(name: string, services: Services): Promise<void> {
  const { stateTopic } = pipeNames(name);
  // It takes the administrator seconds to believe that a topic is not there.
  if ((await services.admin.listTopics()).includes(stateTopic)) await deleteTopic(stateTopic, services);
}
