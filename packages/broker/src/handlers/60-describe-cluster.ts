import type { apis } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';

/**
 * DescribeCluster 0–1: the nodes that are up, the first of them being the controller.
 * Differs from Kafka: authorized operations are never told, there being no authorizer; the controllers (endpoint type 2) are the nodes.
 * @see KIP-700, KIP-919
 */
export const handleDescribeCluster: Handler<typeof apis.describeCluster> = ({ endpointType }, { cluster }) => {
  const { clusterId, controllerId, addresses } = cluster;
  const brokers = addresses.map(({ nodeId, host, port }) => ({ brokerId: nodeId, host, port, rack: null }));
  return { errorCode: 0, errorMessage: null, endpointType, clusterId, controllerId, brokers };
};
