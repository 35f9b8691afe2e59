import type { apis } from '@millrace/kafka-protocol';
import { alterResources } from './alter-resource.ts';
import type { Handler } from './handler.ts';

/**
 * AlterConfigs 0–2: replaces the whole configuration of a topic; what is not named gets its default back.
 * Differs from Kafka: the broker's own configuration cannot be changed, which is answered with INVALID_REQUEST.
 * @see KIP-133
 */
export const handleAlterConfigs: Handler<typeof apis.alterConfigs> = (request, services) => ({
  responses: alterResources(
    request,
    services,
    () => ({}),
    ({ configs }) => configs.map(({ name, value }) => ({ name, operation: 'set', value })),
  ),
});
