import type { Cluster, NodeAddress } from '../cluster/cluster.ts';
import type { Listener } from './listener.ts';

/** Where a node listens, and what clients are told. */
export interface NodeSettings {
  readonly nodeId: number;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly advertisedHost: string | undefined;
  readonly advertisedPort: number | undefined;
}

interface Node {
  readonly settings: NodeSettings;
  listener: Listener | undefined;
  /** The port of the first time, which it comes back to. */
  port: number;
}

/** The nodes of the cluster that listen: each has a port and a listener of its own, and can be stopped and started. */
export class Nodes {
  readonly #cluster: Cluster;
  readonly #listenerOf: (nodeId: number, port: number) => Listener;
  readonly #nodes: ReadonlyMap<number, Node>;

  constructor(cluster: Cluster, settings: readonly NodeSettings[], listenerOf: (nodeId: number, port: number) => Listener) {
    this.#cluster = cluster;
    this.#listenerOf = listenerOf;
    this.#nodes = new Map(settings.map((each) => [each.nodeId, { settings: each, listener: undefined, port: each.port }]));
  }

  get connectionCount(): number {
    return [...this.#nodes.values()].reduce((sum, { listener }) => sum + (listener?.connectionCount ?? 0), 0);
  }

  /** The port that a node listens on, or did. */
  portOf(nodeId: number): number {
    return this.#nodes.get(nodeId)?.port ?? 0;
  }

  /** All of them, or none. @throws {MillraceError} LISTEN_FAILED, DISK_FULL, DISK_IO, CONFIG_INVALID */
  async open(): Promise<void> {
    try {
      const addresses: NodeAddress[] = [];
      for (const node of this.#nodes.values()) addresses.push(await this.#listen(node));
      this.#cluster.setUp(...addresses);
    } catch (failure) {
      await this.close();
      throw failure;
    }
  }

  /** Lets a node come back on its port; nothing if it is up. @throws {MillraceError} as {@link open} */
  async start(nodeId: number): Promise<void> {
    const node = this.#nodes.get(nodeId)!;
    if (node.listener === undefined) this.#cluster.setUp(await this.#listen(node));
  }

  /** Closes the port and the connections of a node; others take over what they can. @throws {MillraceError} DISK_FULL, DISK_IO */
  async stop(nodeId: number): Promise<void> {
    const node = this.#nodes.get(nodeId)!;
    const { listener } = node;
    if (listener === undefined) return;
    node.listener = undefined;
    this.#cluster.setDown(nodeId);
    await listener.close();
  }

  async close(): Promise<void> {
    const listeners = [...this.#nodes.values()].map(({ listener }) => listener);
    for (const node of this.#nodes.values()) node.listener = undefined;
    await Promise.all(listeners.map((listener) => listener?.close()));
  }

  async #listen(node: Node): Promise<NodeAddress> {
    const { nodeId, host, advertisedHost, advertisedPort } = node.settings;
    const listener = this.#listenerOf(nodeId, node.port);
    node.port = await listener.open();
    node.listener = listener;
    return { nodeId, host: advertisedHost ?? host, port: advertisedPort ?? node.port };
  }
}
