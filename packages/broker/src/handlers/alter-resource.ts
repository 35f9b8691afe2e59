import { errorCode } from '@millrace/kafka-protocol';
import { type ConfigChange, type ConfigRefusal, changedConfigs, isConfigRefusal } from '../topic/alter-config.ts';
import { isStorageFailure } from '../topic/partition.ts';
import type { TopicConfigOverrides } from '../topic/topic-config.ts';
import { brief } from './brief.ts';
import type { Services } from './handler.ts';

const topicResource = 2;
const brokerResource = 4;

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
}

/**
 * Changes the configuration of each resource, durably and with effect at once; a resource is changed wholly or not at all.
 * @param start what the changes are applied to, of what a topic has now.
 * @param changesOf the changes that a resource asks for, or why it asks for nothing that can be done.
 */
export function alterResources<R extends Resource>(
  request: { readonly resources: readonly R[]; readonly validateOnly: boolean },
  services: Services,
  start: (current: TopicConfigOverrides) => TopicConfigOverrides,
  changesOf: (resource: R) => readonly ConfigChange[] | { readonly refusal: ConfigRefusal },
) {
  const { resources, validateOnly } = request;
  const isSame = (a: Resource, b: Resource) => a.resourceType === b.resourceType && a.resourceName === b.resourceName;
  return resources.map((resource) => {
    const isRepeated = resources.filter((other) => isSame(resource, other)).length > 1;
    const refusal: ConfigRefusal | undefined = isRepeated
      ? ['INVALID_REQUEST', `${resource.resourceName} is asked for more than once`]
      : alter(resource, services, validateOnly, start, changesOf(resource));
    const [error, errorMessage] = refusal ?? (['NONE', null] as const);
    return {
      errorCode: errorCode(error),
      errorMessage: brief(errorMessage),
      resourceType: resource.resourceType,
      resourceName: resource.resourceName,
    };
  });
}

function alter(
  { resourceType, resourceName }: Resource,
  { topics, logger }: Services,
  validateOnly: boolean,
  start: (current: TopicConfigOverrides) => TopicConfigOverrides,
  changes: readonly ConfigChange[] | { readonly refusal: ConfigRefusal },
): ConfigRefusal | undefined {
  if (resourceType === brokerResource) return ['INVALID_REQUEST', 'the configuration of the broker is read at its start and changed there'];
  if (resourceType !== topicResource) return ['INVALID_REQUEST', `resources of type ${resourceType} have no configuration here`];
  const topic = topics.get(resourceName);
  if (topic === undefined) return ['UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${resourceName}`];
  if ('refusal' in changes) return changes.refusal;
  const changed = changedConfigs(start(topic.configs), topics.defaults, changes);
  if (isConfigRefusal(changed)) return changed;
  if (validateOnly) return undefined;
  try {
    topics.alter(topic, changed);
    return undefined;
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    logger.error({ topic: resourceName, error: failure.message }, 'configuration not changed');
    return ['KAFKA_STORAGE_ERROR', failure.message];
  }
}
