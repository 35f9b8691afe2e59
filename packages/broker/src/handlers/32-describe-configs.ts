import { type apis, type EncodableResponse, errorCode, type RequestOf } from '@millrace/kafka-protocol';
import type { BrokerConfig } from '../broker-configs.ts';
import { type TopicConfigOverrides, topicConfigValue } from '../topic/topic-config.ts';
import { type TopicConfigDefinition, topicConfigs } from '../topic/topic-config-definitions.ts';
import { brief } from './brief.ts';
import type { Handler, Services } from './handler.ts';

type Asked = RequestOf<typeof apis.describeConfigs>['resources'][number];
type ResourceResponse = EncodableResponse<typeof apis.describeConfigs>['results'][number];
type ConfigResponse = ResourceResponse['configs'][number];

const topicResource = 2;
const brokerResource = 4;

/** Numbers of Kafka's `ConfigSource` and `ConfigType`. */
const source = { topic: 1, staticBroker: 4, fallback: 5 } as const;
const types = { boolean: 1, string: 2, int: 3, long: 5, double: 6, list: 7, password: 9 } as const;

/**
 * DescribeConfigs 1–4: every configuration of a topic or of the broker with its default, not only what was changed, so that an
 * Admin that reads, changes and writes loses nothing.
 * Differs from Kafka: of a broker only what has a counterpart here is told, all of it read-only; broker loggers are not known.
 * @see KIP-226, KIP-569
 */
export const handleDescribeConfigs: Handler<typeof apis.describeConfigs> = (request, services) => ({
  results: request.resources.map((asked) => describe(asked, request, services)),
});

type Wanted = Pick<RequestOf<typeof apis.describeConfigs>, 'includeSynonyms' | 'includeDocumentation'>;

function describe(asked: Asked, wanted: Wanted, services: Services): ResourceResponse {
  const { resourceType, resourceName, configurationKeys } = asked;
  const isWanted = ({ name }: { name: string }) =>
    configurationKeys === null || configurationKeys.length === 0 || configurationKeys.includes(name);
  const answer = (configs: ConfigResponse[]) => ({
    errorCode: 0,
    errorMessage: null,
    resourceType,
    resourceName,
    configs: configs.filter(isWanted),
  });
  if (resourceType === topicResource) {
    const topic = services.topics.get(resourceName);
    if (topic === undefined) return refused(asked, 'UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${resourceName}`);
    return answer(topicConfigs.map((definition) => describeTopicConfig(definition, topic.configs, services.topics.defaults, wanted)));
  }
  if (resourceType === brokerResource) {
    const nodeId = String(services.nodeId);
    if (resourceName !== '' && resourceName !== nodeId)
      return refused(asked, 'INVALID_REQUEST', `broker ${resourceName} was asked for, this is ${nodeId}`);
    return answer(services.brokerConfigs().map((config) => describeBrokerConfig(config, wanted)));
  }
  return refused(asked, 'INVALID_REQUEST', `resources of type ${resourceType} have no configuration here`);
}

function describeTopicConfig(
  definition: TopicConfigDefinition,
  overrides: TopicConfigOverrides,
  defaults: TopicConfigOverrides,
  wanted: Wanted,
): ConfigResponse {
  const { name, type, help } = definition;
  const synonyms = synonymsOf(definition, overrides, defaults);
  return {
    name,
    value: topicConfigValue(name, overrides, defaults),
    readOnly: false,
    configSource: overrides[name] === undefined ? (defaults[name] === undefined ? source.fallback : source.staticBroker) : source.topic,
    isSensitive: false,
    synonyms: wanted.includeSynonyms ? synonyms : [],
    configType: types[type],
    documentation: wanted.includeDocumentation ? help : null,
  };
}

/** Where the value comes from, and what would count without that, the broker's configurations by their own names. */
function synonymsOf(definition: TopicConfigDefinition, overrides: TopicConfigOverrides, defaults: TopicConfigOverrides) {
  const { name, fallback, synonym, synonymFallback } = definition;
  const found: { name: string; value: string; source: number }[] = [];
  if (overrides[name] !== undefined) found.push({ name, value: overrides[name], source: source.topic });
  if (synonym === undefined) return found;
  if (defaults[name] !== undefined) found.push({ name: synonym, value: defaults[name], source: source.staticBroker });
  return [...found, { ...(synonymFallback ?? { name: synonym, value: fallback }), source: source.fallback }];
}

function describeBrokerConfig({ name, type, value, fallback, isSensitive, help }: BrokerConfig, wanted: Wanted): ConfigResponse {
  const isSet = isSensitive || value !== fallback;
  const set = isSet ? [{ name, value, source: source.staticBroker }] : [];
  const unset = fallback === null ? [] : [{ name, value: fallback, source: source.fallback }];
  return {
    name,
    value,
    readOnly: true,
    configSource: isSet ? source.staticBroker : source.fallback,
    isSensitive,
    synonyms: wanted.includeSynonyms ? [...set, ...unset] : [],
    configType: types[type],
    documentation: wanted.includeDocumentation ? help : null,
  };
}

function refused({ resourceType, resourceName }: Asked, error: Parameters<typeof errorCode>[0], errorMessage: string): ResourceResponse {
  return { errorCode: errorCode(error), errorMessage: brief(errorMessage), resourceType, resourceName, configs: [] };
}

/** All configurations of a topic, as CreateTopics tells them. */
export function describeTopicConfigs(overrides: TopicConfigOverrides, defaults: TopicConfigOverrides) {
  return topicConfigs.map((definition) => {
    const { name, value, readOnly, configSource, isSensitive } = describeTopicConfig(definition, overrides, defaults, {
      includeSynonyms: false,
      includeDocumentation: false,
    });
    return { name, value, readOnly, configSource: configSource ?? source.fallback, isSensitive };
  });
}
