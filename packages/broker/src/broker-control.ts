import type { Broker } from './broker.ts';
import type { NodeAddress } from './cluster/cluster.ts';
import type { InterceptionRule } from './server/interception.ts';

/** What tests do to a broker while it runs; plain data goes in and comes out, so that it can be asked from another thread. */
export interface BrokerControl {
  nodes(): readonly NodeAddress[];
  /** @returns a number to take the interceptor away with. @see Broker.intercept */
  intercept(rule: InterceptionRule): number;
  stopIntercepting(interceptor: number): void;
  /** @see Broker.leaderOf */
  leaderOf(topic: string, partition: number): number;
  /** @see Broker.moveLeader */
  moveLeader(topic: string, partition: number, nodeId: number): void;
  /** @see Broker.coordinatorOf */
  coordinatorOf(kind: 'group' | 'transaction', name: string): number | undefined;
  /** @see Broker.moveCoordinator */
  moveCoordinator(kind: 'group' | 'transaction', name: string, nodeId: number): void;
  /** @see Broker.stopNode */
  stopNode(nodeId: number): Promise<void>;
  /** @see Broker.startNode */
  startNode(nodeId: number): Promise<void>;
}

/** The same from another thread: every answer takes its time, and every failure is a rejection. */
export type RemoteBrokerControl = {
  readonly [M in keyof BrokerControl]: (...given: Parameters<BrokerControl[M]>) => Promise<Awaited<ReturnType<BrokerControl[M]>>>;
};

export function controlOf(broker: Broker): BrokerControl {
  const stops = new Map<number, () => void>();
  let newest = 0;
  return {
    nodes: () => broker.nodes,
    intercept(rule) {
      stops.set(++newest, broker.intercept(rule));
      return newest;
    },
    stopIntercepting(interceptor) {
      stops.get(interceptor)?.();
      stops.delete(interceptor);
    },
    leaderOf: (topic, partition) => broker.leaderOf(topic, partition),
    moveLeader: (topic, partition, nodeId) => broker.moveLeader(topic, partition, nodeId),
    coordinatorOf: (kind, name) => broker.coordinatorOf(kind, name),
    moveCoordinator: (kind, name, nodeId) => broker.moveCoordinator(kind, name, nodeId),
    stopNode: (nodeId) => broker.stopNode(nodeId),
    startNode: (nodeId) => broker.startNode(nodeId),
  };
}

/** @param call sends a call to where the broker runs, and brings back what it returned or throws what it threw. */
export function remoteControl(call: (method: keyof BrokerControl, given: readonly unknown[]) => Promise<unknown>): RemoteBrokerControl {
  const remote =
    <M extends keyof BrokerControl>(method: M) =>
    (...given: Parameters<BrokerControl[M]>) =>
      call(method, given) as Promise<Awaited<ReturnType<BrokerControl[M]>>>;
  return {
    nodes: remote('nodes'),
    intercept: remote('intercept'),
    stopIntercepting: remote('stopIntercepting'),
    leaderOf: remote('leaderOf'),
    moveLeader: remote('moveLeader'),
    coordinatorOf: remote('coordinatorOf'),
    moveCoordinator: remote('moveCoordinator'),
    stopNode: remote('stopNode'),
    startNode: remote('startNode'),
  };
}
