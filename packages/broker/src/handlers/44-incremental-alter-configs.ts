import type { apis } from '@millrace/kafka-protocol';
import { configOperations } from '../topic/alter-config.ts';
import { alterResources } from './alter-resource.ts';
import type { Handler } from './handler.ts';

/**
 * IncrementalAlterConfigs 0–1: sets, takes back, appends to or subtracts from single configurations of a topic.
 * Differs from Kafka: the broker's own configuration cannot be changed, which is answered with INVALID_REQUEST.
 * @see KIP-339
 */
export const handleIncrementalAlterConfigs: Handler<typeof apis.incrementalAlterConfigs> = (request, services) => ({
  responses: alterResources(
    request,
    services,
    (current) => current,
    ({ configs }) => {
      const unknown = configs.find(({ configOperation }) => configOperations[configOperation] === undefined);
      if (unknown !== undefined) {
        return { refusal: ['INVALID_REQUEST', `unknown operation ${unknown.configOperation} on ${unknown.name}; 0 to 3 are legal`] };
      }
      return configs.map(({ name, configOperation, value }) => ({ name, operation: configOperations[configOperation]!, value }));
    },
  ),
});
