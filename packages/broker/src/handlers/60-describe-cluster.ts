import type { apis } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';

/**
 * DescribeCluster 0–1: this node, which is its own controller.
 * Differs from Kafka: authorized operations are never told, there being no authorizer.
 * @see KIP-700
 */
export const handleDescribeCluster: Handler<typeof apis.describeCluster> = (request, { cluster }) => {
  const { clusterId, nodeId, host, port } = cluster();
  return {
    errorCode: 0,
    errorMessage: null,
    endpointType: request.endpointType,
    clusterId,
    controllerId: nodeId,
    brokers: [{ brokerId: nodeId, host, port, rack: null }],
  };
};
