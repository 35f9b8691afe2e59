import {
  type Api,
  type apis,
  type EncodableResponse,
  errorCode,
  type KafkaErrorName,
  type RequestOf,
  zeroUuid,
} from '@millrace/kafka-protocol';
import type { Cluster } from '../cluster/cluster.ts';

/** Name of an API, as `apis` of kafka-protocol has it. */
export type ApiName = keyof typeof apis;

/** A request of any API, told apart by `api`. */
export type AnyRequest = { [A in ApiName]: { readonly api: A; readonly body: RequestOf<(typeof apis)[A]> } }[ApiName];

/** What a whole request is answered with if all of it fails for one reason; undefined sends nothing. */
type ErrorAnswer<A extends ApiName> = (
  code: number,
  request: RequestOf<(typeof apis)[A]>,
  cluster: Cluster,
) => EncodableResponse<(typeof apis)[A]> | undefined;

const noBytes = Buffer.alloc(0);

/** Answers each thing that a request names, in its shape. */
const errorAnswers: { readonly [A in ApiName]: ErrorAnswer<A> } = {
  produce: (errorCode, { acks, topicData }) =>
    acks === 0
      ? undefined
      : {
          responses: topicData.map(({ name, partitionData }) => ({
            name,
            partitionResponses: partitionData.map(({ index }) => ({ index, errorCode, baseOffset: -1 })),
          })),
        },
  fetch: (errorCode, { topics }) => ({
    responses: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({ partitionIndex: partition, errorCode, highWatermark: -1, records: noBytes })),
    })),
  }),
  listOffsets: (errorCode, { topics }) => ({ topics: eachPartition(topics, errorCode) }),
  metadata: (errorCode, { topics }, cluster) => ({
    brokers: cluster.addresses,
    clusterId: cluster.clusterId,
    controllerId: cluster.controllerId,
    topics: (topics ?? []).map(({ name, topicId }) => ({ errorCode, name: name ?? '', topicId, isInternal: false, partitions: [] })),
  }),
  offsetCommit: (errorCode, { topics }) => ({ topics: eachPartition(topics, errorCode) }),
  offsetFetch: (errorCode, { topics, groups }) => ({
    errorCode,
    // Version 1 has no error but these.
    topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode, committedOffset: -1, metadata: '' })),
    })),
    groups: groups.map(({ groupId }) => ({ groupId, errorCode, topics: [] })),
  }),
  findCoordinator: (errorCode, { coordinatorKeys }) => {
    const nowhere = { errorCode, errorMessage: null, nodeId: -1, host: '', port: -1 };
    return { ...nowhere, coordinators: coordinatorKeys.map((key) => ({ key, ...nowhere })) };
  },
  joinGroup: (errorCode, { memberId }) => ({ errorCode, protocolName: '', leader: '', memberId, members: [] }),
  heartbeat: (errorCode) => ({ errorCode }),
  leaveGroup: (errorCode) => ({ errorCode, members: [] }),
  syncGroup: (errorCode) => ({ errorCode, assignment: noBytes }),
  describeGroups: (errorCode, { groups }) => ({
    groups: groups.map((groupId) => ({ errorCode, groupId, groupState: '', protocolType: '', protocolData: '', members: [] })),
  }),
  listGroups: (errorCode) => ({ errorCode, groups: [] }),
  saslHandshake: (errorCode) => ({ errorCode, mechanisms: [] }),
  apiVersions: (errorCode) => ({ errorCode, apiKeys: [] }),
  createTopics: (errorCode, { topics }) => ({
    topics: topics.map(({ name }) => ({ name, topicId: zeroUuid, errorCode, errorMessage: null, configs: [] })),
  }),
  deleteTopics: (errorCode, { topics, topicNames }) => ({
    responses: [...topics, ...topicNames.map((name) => ({ name, topicId: zeroUuid }))].map((topic) => ({ ...topic, errorCode })),
  }),
  deleteRecords: (errorCode, { topics }) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode, lowWatermark: -1 })),
    })),
  }),
  initProducerId: (errorCode) => ({ errorCode, producerEpoch: -1 }),
  offsetForLeaderEpoch: (errorCode, { topics }) => ({
    topics: topics.map(({ topic, partitions }) => ({ topic, partitions: partitions.map(({ partition }) => ({ partition, errorCode })) })),
  }),
  addPartitionsToTxn: (partitionErrorCode, { topics }) => ({
    resultsByTopic: topics.map(({ name, partitions }) => ({
      name,
      resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode })),
    })),
  }),
  addOffsetsToTxn: (errorCode) => ({ errorCode }),
  endTxn: (errorCode) => ({ errorCode }),
  txnOffsetCommit: (errorCode, { topics }) => ({ topics: eachPartition(topics, errorCode) }),
  describeConfigs: (errorCode, { resources }) => ({
    results: resources.map(({ resourceType, resourceName }) => ({
      errorCode,
      errorMessage: null,
      resourceType,
      resourceName,
      configs: [],
    })),
  }),
  alterConfigs: (errorCode, { resources }) => ({ responses: eachResource(resources, errorCode) }),
  describeLogDirs: (errorCode) => ({ errorCode, results: [{ errorCode, logDir: '', topics: [] }] }),
  saslAuthenticate: (errorCode) => ({ errorCode, errorMessage: null, authBytes: noBytes }),
  createPartitions: (errorCode, { topics }) => ({ results: topics.map(({ name }) => ({ name, errorCode, errorMessage: null })) }),
  deleteGroups: (errorCode, { groupsNames }) => ({ results: groupsNames.map((groupId) => ({ groupId, errorCode })) }),
  incrementalAlterConfigs: (errorCode, { resources }) => ({ responses: eachResource(resources, errorCode) }),
  offsetDelete: (errorCode) => ({ errorCode, topics: [] }),
  describeUserScramCredentials: (errorCode) => ({ errorCode, errorMessage: null, results: [] }),
  alterUserScramCredentials: (errorCode, { deletions, upsertions }) => ({
    results: [...deletions, ...upsertions].map(({ name }) => ({ user: name, errorCode, errorMessage: null })),
  }),
  describeCluster: (errorCode, { endpointType }) => ({ errorCode, errorMessage: null, endpointType, clusterId: '', brokers: [] }),
  describeProducers: (errorCode, { topics }) => ({
    topics: topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode, errorMessage: null, activeProducers: [] })),
    })),
  }),
  describeTransactions: (errorCode, { transactionalIds }) => ({
    transactionStates: transactionalIds.map((transactionalId) => ({ ...noTransaction, errorCode, transactionalId })),
  }),
  listTransactions: (errorCode) => ({ errorCode, unknownStateFilters: [], transactionStates: [] }),
};

const noTransaction = {
  transactionState: '',
  transactionTimeoutMs: 0,
  transactionStartTimeMs: 0,
  producerId: 0,
  producerEpoch: 0,
  topics: [],
};

/**
 * A well-formed answer that says of everything the request names that it failed with one error; undefined where nothing is sent (acks=0).
 * Metadata still tells the nodes, without which no client could ask again.
 */
export function errorAnswer(error: KafkaErrorName, { api, body }: AnyRequest, cluster: Cluster): EncodableResponse<Api> | undefined {
  return (errorAnswers[api] as ErrorAnswer<ApiName>)(errorCode(error), body as never, cluster);
}

type ByPartition = readonly { readonly name: string; readonly partitions: readonly { readonly partitionIndex: number }[] }[];

function eachPartition(topics: ByPartition, errorCode: number) {
  return topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  }));
}

type Resources = readonly { readonly resourceType: number; readonly resourceName: string }[];

function eachResource(resources: Resources, errorCode: number) {
  return resources.map(({ resourceType, resourceName }) => ({ errorCode, errorMessage: null, resourceType, resourceName }));
}
