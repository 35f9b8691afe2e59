import { apis } from '@millrace/kafka-protocol';
import { handleProduce } from './00-produce.ts';
import { handleFetch } from './01-fetch.ts';
import { handleListOffsets } from './02-list-offsets.ts';
import { handleMetadata } from './03-metadata.ts';
import { handleOffsetCommit } from './08-offset-commit.ts';
import { handleOffsetFetch } from './09-offset-fetch.ts';
import { handleFindCoordinator } from './10-find-coordinator.ts';
import { handleJoinGroup } from './11-join-group.ts';
import { handleHeartbeat } from './12-heartbeat.ts';
import { handleLeaveGroup } from './13-leave-group.ts';
import { handleSyncGroup } from './14-sync-group.ts';
import { handleDescribeGroups } from './15-describe-groups.ts';
import { handleListGroups } from './16-list-groups.ts';
import { handleSaslHandshake } from './17-sasl-handshake.ts';
import { apiVersionsHandler } from './18-api-versions.ts';
import { handleCreateTopics } from './19-create-topics.ts';
import { handleDeleteTopics } from './20-delete-topics.ts';
import { handleDeleteRecords } from './21-delete-records.ts';
import { handleInitProducerId } from './22-init-producer-id.ts';
import { handleOffsetForLeaderEpoch } from './23-offset-for-leader-epoch.ts';
import { handleAddPartitionsToTxn } from './24-add-partitions-to-txn.ts';
import { handleAddOffsetsToTxn } from './25-add-offsets-to-txn.ts';
import { handleEndTxn } from './26-end-txn.ts';
import { handleTxnOffsetCommit } from './28-txn-offset-commit.ts';
import { handleDescribeConfigs } from './32-describe-configs.ts';
import { handleAlterConfigs } from './33-alter-configs.ts';
import { handleDescribeLogDirs } from './35-describe-log-dirs.ts';
import { handleSaslAuthenticate } from './36-sasl-authenticate.ts';
import { handleCreatePartitions } from './37-create-partitions.ts';
import { handleDeleteGroups } from './42-delete-groups.ts';
import { handleIncrementalAlterConfigs } from './44-incremental-alter-configs.ts';
import { handleOffsetDelete } from './47-offset-delete.ts';
import { handleDescribeUserScramCredentials } from './50-describe-user-scram-credentials.ts';
import { handleAlterUserScramCredentials } from './51-alter-user-scram-credentials.ts';
import { handleDescribeCluster } from './60-describe-cluster.ts';
import { handleDescribeProducers } from './61-describe-producers.ts';
import { handleDescribeTransactions } from './65-describe-transactions.ts';
import { handleListTransactions } from './66-list-transactions.ts';
import { type Endpoint, endpoint } from './handler.ts';

/** Every API that is served, in which versions, by whom: the table that ApiVersions tells. */
export const protocolTable: ReadonlyMap<number, Endpoint> = new Map(
  [
    endpoint(apis.produce, [0, 12], handleProduce, 3),
    endpoint(apis.fetch, [4, 12], handleFetch),
    endpoint(apis.listOffsets, [1, 9], handleListOffsets),
    endpoint(apis.metadata, [0, 12], handleMetadata),
    endpoint(apis.offsetCommit, [2, 9], handleOffsetCommit),
    endpoint(apis.offsetFetch, [1, 9], handleOffsetFetch),
    endpoint(apis.findCoordinator, [0, 4], handleFindCoordinator),
    endpoint(apis.joinGroup, [0, 9], handleJoinGroup),
    endpoint(apis.heartbeat, [0, 4], handleHeartbeat),
    endpoint(apis.leaveGroup, [0, 5], handleLeaveGroup),
    endpoint(apis.syncGroup, [0, 5], handleSyncGroup),
    endpoint(apis.describeGroups, [0, 5], handleDescribeGroups),
    endpoint(apis.listGroups, [0, 5], handleListGroups),
    endpoint(apis.saslHandshake, [0, 1], handleSaslHandshake),
    endpoint(
      apis.apiVersions,
      [0, 4],
      apiVersionsHandler(() => protocolTable.values()),
    ),
    endpoint(apis.createTopics, [2, 7], handleCreateTopics),
    endpoint(apis.deleteTopics, [1, 6], handleDeleteTopics),
    endpoint(apis.deleteRecords, [0, 2], handleDeleteRecords),
    endpoint(apis.initProducerId, [0, 5], handleInitProducerId),
    endpoint(apis.offsetForLeaderEpoch, [2, 4], handleOffsetForLeaderEpoch),
    endpoint(apis.addPartitionsToTxn, [0, 3], handleAddPartitionsToTxn),
    endpoint(apis.addOffsetsToTxn, [0, 4], handleAddOffsetsToTxn),
    endpoint(apis.endTxn, [0, 5], handleEndTxn),
    endpoint(apis.txnOffsetCommit, [0, 5], handleTxnOffsetCommit),
    endpoint(apis.describeConfigs, [1, 4], handleDescribeConfigs),
    endpoint(apis.alterConfigs, [0, 2], handleAlterConfigs),
    endpoint(apis.describeLogDirs, [1, 4], handleDescribeLogDirs),
    endpoint(apis.saslAuthenticate, [0, 2], handleSaslAuthenticate),
    endpoint(apis.createPartitions, [0, 3], handleCreatePartitions),
    endpoint(apis.deleteGroups, [0, 2], handleDeleteGroups),
    endpoint(apis.incrementalAlterConfigs, [0, 1], handleIncrementalAlterConfigs),
    endpoint(apis.offsetDelete, [0, 0], handleOffsetDelete),
    endpoint(apis.describeUserScramCredentials, [0, 0], handleDescribeUserScramCredentials),
    endpoint(apis.alterUserScramCredentials, [0, 0], handleAlterUserScramCredentials),
    endpoint(apis.describeCluster, [0, 1], handleDescribeCluster),
    endpoint(apis.describeProducers, [0, 0], handleDescribeProducers),
    endpoint(apis.describeTransactions, [0, 0], handleDescribeTransactions),
    endpoint(apis.listTransactions, [0, 1], handleListTransactions),
  ].map((row) => [row.api.key, row]),
);
