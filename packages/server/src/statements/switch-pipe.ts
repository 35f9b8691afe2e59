import type { AlterPipe, SwitchPipe } from '@millrace/sql';
import { modifyAttributes, stageDefinition } from '../pipes/stage-attributes.ts';
import { attributesInvalid } from '../pipes/stage-requests.ts';
import { type Answer, noAnswer, textRows } from './answer.ts';
import { attributesOf, checkedRequests, shakeHands } from './create-pipe.ts';
import type { Services } from './services.ts';

/** START and STOP PIPE. START takes back what the pipe has failed with; STOP is answered when its progress is stored. */
export function switchPipe({ action, name: { name } }: SwitchPipe, services: Services): Promise<Answer> {
  return services.pipes.inTurn(name, () => (action === 'start' ? start(name, services) : stop(name, services)));
}

async function start(name: string, { catalog, pipes }: Services): Promise<Answer> {
  const { state } = await pipes.registry.record(catalog.pipes.expect(name));
  if (state === 'RUNNING') return result(`the pipe ${name} is running already, nothing has changed`);
  const definition = await catalog.pipes.update(name, (now) => ({ ...now, isRunning: true, exceptionMessage: null }));
  pipes.registry.start(definition);
  return result(`the pipe ${name} runs`);
}

async function stop(name: string, { catalog, pipes }: Services): Promise<Answer> {
  if (!catalog.pipes.expect(name).isRunning) return result(`the pipe ${name} is stopped already, nothing has changed`);
  await catalog.pipes.update(name, (now) => ({ ...now, isRunning: false }));
  await pipes.registry.stop(name);
  return result(`the pipe ${name} is stopped`);
}

function result(text: string): Answer {
  return textRows(['result'], [[text]]);
}

/** ALTER PIPE: keeps progress, and where history ends. One that runs goes on with the new attributes. */
export function alterPipe({ name: { name }, mode, stage }: AlterPipe, services: Services): Promise<Answer> {
  const { catalog, pipes } = services;
  const kind = stage.stage;
  return pipes.inTurn(name, async () => {
    const before = catalog.pipes.expect(name);
    const given = attributesOf(stage);
    const problems: string[] = [];
    const attributes = mode === 'replace' ? given : modifyAttributes(kind, before[kind].attributes, given);
    const changed = { ...before, [kind]: stageDefinition(kind, attributes, problems) };
    if (problems.length > 0) throw attributesInvalid(name, problems);
    const parts = await pipes.load();
    const requests = await checkedRequests(changed, parts);
    if (kind !== 'extractor') await shakeHands(name, requests[kind], parts);
    await catalog.pipes.update(name, (now) => ({ ...now, [kind]: changed[kind] }));
    return noAnswer;
  });
}
