import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import {
  type Api,
  apis,
  apisByKey,
  batchHeader,
  decodeRequest,
  decodeRequestHeader,
  encodeResponse,
  errorCode,
  type RequestOf,
} from '@millrace/kafka-protocol';
import { FakeGroup } from './fake-group.ts';
import { FakeLog } from './fake-log.ts';
import type { FakeSasl } from './fake-sasl.ts';
import { FakeTransactions } from './fake-transactions.ts';

/** A request that has come to a node. */
export interface Call {
  readonly node: number;
  readonly api: string;
  readonly version: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into requests of every kind
  readonly request: any;
}

/**
 * What happens instead of the usual: `cut` ends the connection unheard, `lose` handles the request and ends the
 * connection before answering, `half` sends half of the answer first, `silence` never answers, `garbage` answers nonsense.
 */
export type Fault = 'cut' | 'lose' | 'half' | 'silence' | 'garbage' | { readonly answer: unknown };

/** Kafka in memory on loopback sockets: as many nodes as wanted, one coordinator (node 0). */
export class FakeCluster {
  readonly topics = new Map<string, FakeLog[]>();
  readonly groups = new Map<string, FakeGroup>();
  readonly calls: Call[] = [];
  /** Newest versions to offer, by API name; others as the codec knows them. */
  readonly maxVersions: Record<string, number> = {};
  /** What the cluster has agreed on (KIP-584). */
  readonly features: Record<string, number> = {};
  readonly transactions = new FakeTransactions(
    (topic, partition) => this.topics.get(topic)?.[partition],
    (groupId) => this.group(groupId),
  );
  /** Who may connect; undefined lets everyone in. */
  sasl: FakeSasl | undefined;
  /** Asked for every request; undefined lets it pass. */
  intercept: (call: Call) => Fault | undefined = () => undefined;
  readonly #nodes: (Server | undefined)[] = [];
  readonly #ports: number[] = [];
  readonly #sockets = new Map<Socket, number>();
  #wakeups: (() => void)[] = [];
  #producerIds = 1000;

  readonly #tls: TlsOptions | undefined;

  constructor(tls?: TlsOptions) {
    this.#tls = tls;
  }

  static async start(nodes = 1, tls?: TlsOptions): Promise<FakeCluster> {
    const cluster = new FakeCluster(tls);
    for (let node = 0; node < nodes; node++) await cluster.startNode(node);
    return cluster;
  }

  get brokers(): string[] {
    return this.#ports.map((port) => `127.0.0.1:${port}`);
  }

  createTopic(name: string, partitions = 1): FakeLog[] {
    const logs = Array.from({ length: partitions }, (_, index) => new FakeLog(index % this.#ports.length));
    this.topics.set(name, logs);
    return logs;
  }

  log(topic: string, partition = 0): FakeLog {
    return this.topics.get(topic)![partition]!;
  }

  group(groupId: string): FakeGroup {
    let group = this.groups.get(groupId);
    if (group === undefined) this.groups.set(groupId, (group = new FakeGroup()));
    return group;
  }

  /** Lets fetches that wait look again. */
  wake(): void {
    for (const wakeup of this.#wakeups.splice(0)) wakeup();
  }

  callsOf(api: string): Call[] {
    return this.calls.filter((call) => call.api === api);
  }

  async startNode(node: number): Promise<void> {
    const serve = (socket: Socket) => this.#serve(node, socket);
    const server = this.#tls === undefined ? createServer(serve) : createTlsServer(this.#tls, serve);
    server.listen(this.#ports[node] ?? 0, '127.0.0.1');
    await once(server, 'listening');
    this.#ports[node] = (server.address() as AddressInfo).port;
    this.#nodes[node] = server;
  }

  async stopNode(node: number): Promise<void> {
    const server = this.#nodes[node];
    this.#nodes[node] = undefined;
    for (const [socket, of] of this.#sockets) if (of === node) socket.destroy();
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  async stop(): Promise<void> {
    this.wake();
    for (const node of this.#nodes.keys()) await this.stopNode(node);
  }

  #serve(node: number, socket: Socket): void {
    this.#sockets.set(socket, node);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    let rest = Buffer.alloc(0);
    // Answers go out in the order of the requests.
    let turn = Promise.resolve();
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
        const frame = rest.subarray(4, 4 + rest.readInt32BE(0));
        rest = rest.subarray(4 + frame.length);
        turn = turn.then(() => this.#answer(node, socket, frame));
      }
    });
  }

  async #answer(node: number, socket: Socket, frame: Buffer): Promise<void> {
    if (socket.destroyed) return;
    const { apiKey, apiVersion, correlationId, bodyOffset } = decodeRequestHeader(frame);
    const api = apisByKey.get(apiKey)!;
    if (api.key === apis.apiVersions.key && apiVersion > (this.maxVersions.ApiVersions ?? 4)) {
      socket.write(Buffer.concat(encodeResponse(api, 0, correlationId, { ...this.#versions(), errorCode: 35 } as never)));
      return;
    }
    const request = decodeRequest(api, apiVersion, frame, bodyOffset);
    const call: Call = { node, api: api.name, version: apiVersion, request };
    this.calls.push(call);
    const fault = this.intercept(call);
    if (fault === 'cut') return void socket.destroy();
    // Nothing behind it on the connection is answered either.
    if (fault === 'silence') return new Promise(() => {});
    if (fault === 'garbage') return void socket.write(Buffer.from('000000080000000100000000', 'hex'));
    const answer =
      typeof fault === 'object' ? fault.answer : (this.sasl?.answer(socket, api.name, call.request) ?? (await this.#handle(call)));
    // As Kafka does it to clients that have not authenticated.
    if (answer === 'close') return void socket.destroy();
    if (fault === 'lose') return void socket.destroy();
    const bytes = Buffer.concat(encodeResponse(api, apiVersion, correlationId, answer as never));
    if (fault === 'half') return void socket.end(bytes.subarray(0, bytes.length >> 1));
    if (!socket.destroyed) socket.write(bytes);
  }

  #handle({ node, api, request, version }: Call): unknown {
    switch (api) {
      case 'ApiVersions':
        return this.#versions();
      case 'Metadata':
        return this.#metadata(request, version);
      case 'Produce':
        return this.#produce(node, request, version);
      case 'Fetch':
        return this.#fetch(node, request);
      case 'ListOffsets':
        return this.#listOffsets(request);
      case 'InitProducerId':
        if (request.transactionalId !== null) return this.transactions.init(request);
        return { errorCode: 0, producerId: this.#producerIds++, producerEpoch: 0 };
      case 'AddPartitionsToTxn':
        return this.transactions.addPartitions(request);
      case 'AddOffsetsToTxn':
        return this.transactions.addGroup(request);
      case 'TxnOffsetCommit':
        return this.transactions.commitOffsets(request, version);
      case 'EndTxn':
        return this.#endTransaction(request, version);
      case 'FindCoordinator': {
        const found = { nodeId: 0, host: '127.0.0.1', port: this.#ports[0]!, errorCode: 0 };
        return version >= 4 ? { coordinators: [{ ...found, key: request.coordinatorKeys[0] }] } : found;
      }
      case 'JoinGroup':
        return this.group(request.groupId).join(request);
      case 'SyncGroup':
        return this.group(request.groupId).sync(request);
      case 'Heartbeat':
        return { errorCode: this.group(request.groupId).check(request.memberId, request.generationId) };
      case 'LeaveGroup':
        this.group(request.groupId).leave(request.members[0]?.memberId ?? request.memberId);
        return { errorCode: 0 };
      case 'OffsetCommit':
        return this.#commit(request);
      case 'OffsetFetch':
        return this.#committed(request, version);
      default:
        throw new Error(`the fake cluster has no ${api}`);
    }
  }

  #versions(): object {
    const served = [...apisByKey.values()] as Api[];
    const range = ({ key, name, versions: [min, max] }: Api) => ({
      apiKey: key,
      minVersion: min,
      maxVersion: Math.min(max, this.maxVersions[name] ?? max),
    });
    const finalizedFeatures = Object.entries(this.features).map(([name, level]) => ({
      name,
      maxVersionLevel: level,
      minVersionLevel: level,
    }));
    return { errorCode: 0, apiKeys: served.map(range), finalizedFeatures };
  }

  #metadata({ topics }: RequestOf<typeof apis.metadata>, version: number): object {
    const wantsAll = topics === null || (version === 0 && topics.length === 0);
    const names = wantsAll ? [...this.topics.keys()] : topics.map(({ name }) => name!);
    return {
      controllerId: 0,
      brokers: this.#ports.map((port, nodeId) => ({ nodeId, host: '127.0.0.1', port })),
      topics: names.map((name) => {
        const logs = this.topics.get(name);
        if (logs === undefined) return { errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION'), name, partitions: [] };
        const partitions = logs.map(({ leader }, partitionIndex) => ({
          errorCode: 0,
          partitionIndex,
          leaderId: leader,
          replicaNodes: [],
          isrNodes: [],
        }));
        return { errorCode: 0, name, partitions };
      }),
    };
  }

  #endTransaction(request: RequestOf<typeof apis.endTxn>, version: number): object {
    const answer = this.transactions.end(request, version);
    this.wake();
    return answer;
  }

  #produce(node: number, { topicData, transactionalId }: RequestOf<typeof apis.produce>, version: number): object {
    const responses = topicData.map(({ name, partitionData }) => ({
      name,
      partitionResponses: partitionData.map(({ index, records }) => {
        const log = this.topics.get(name)?.[index];
        const code = this.#leaderCode(node, log) || this.#admitCode(transactionalId, log!, records!, version);
        return { index, ...(code === 0 ? log!.produce(records!) : { errorCode: code, baseOffset: -1 }) };
      }),
    }));
    this.wake();
    return { responses };
  }

  async #fetch(node: number, request: RequestOf<typeof apis.fetch>): Promise<object> {
    const committedOnly = request.isolationLevel === 1;
    const look = () =>
      request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, fetchOffset, partitionMaxBytes }) => {
          const log = this.topics.get(topic)?.[partition];
          const code = this.#leaderCode(node, log);
          if (code !== 0) return { partitionIndex: partition, errorCode: code, highWatermark: -1 };
          if (fetchOffset < log!.startOffset || fetchOffset > log!.endOffset)
            return { partitionIndex: partition, errorCode: 1, highWatermark: -1 };
          return {
            partitionIndex: partition,
            errorCode: 0,
            highWatermark: log!.endOffset,
            lastStableOffset: log!.lastStableOffset,
            logStartOffset: log!.startOffset,
            abortedTransactions: committedOnly ? log!.aborted : null,
            records: log!.read(fetchOffset, partitionMaxBytes, committedOnly),
          };
        }),
      }));
    const isEmpty = (found: ReturnType<typeof look>) =>
      found.every(({ partitions }) => partitions.every(({ errorCode: code, records }) => code === 0 && records!.length === 0));
    const deadline = setTimeout(() => this.wake(), request.maxWaitMs);
    if (isEmpty(look())) await new Promise<void>((resolve) => this.#wakeups.push(resolve));
    clearTimeout(deadline);
    return { responses: look() };
  }

  #listOffsets({ topics }: RequestOf<typeof apis.listOffsets>): object {
    return {
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, timestamp }) => {
          const log = this.log(name, partitionIndex);
          const offset = timestamp === -2 ? log.startOffset : timestamp === -1 ? log.endOffset : -1;
          return { partitionIndex, errorCode: 0, offset, timestamp: -1 };
        }),
      })),
    };
  }

  #commit(request: RequestOf<typeof apis.offsetCommit>): object {
    const group = this.group(request.groupId);
    const isMember = request.generationIdOrMemberEpoch !== -1;
    const code = isMember ? group.check(request.memberId, request.generationIdOrMemberEpoch) : 0;
    const isRefused = code !== 0 && code !== errorCode('REBALANCE_IN_PROGRESS');
    return {
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, committedOffset }) => {
          if (!isRefused) group.offsets.set(`${partitionIndex}@${name}`, committedOffset);
          return { partitionIndex, errorCode: isRefused ? code : 0 };
        }),
      })),
    };
  }

  #committed(request: RequestOf<typeof apis.offsetFetch>, version: number): object {
    const { groupId, topics } = version >= 8 ? request.groups[0]! : request;
    const group = this.group(groupId);
    const found = (topics ?? []).map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => ({
        partitionIndex,
        committedOffset: group.offsets.get(`${partitionIndex}@${name}`) ?? -1,
        metadata: '',
        errorCode: 0,
      })),
    }));
    return version >= 8 ? { groups: [{ groupId, topics: found, errorCode: 0 }] } : { topics: found, errorCode: 0 };
  }

  #admitCode(transactionalId: string | null, log: FakeLog, records: Buffer, version: number): number {
    if (!batchHeader.isTransactional(records, 0)) return 0;
    const { producerId, producerEpoch } = batchHeader;
    return this.transactions.admit(transactionalId, producerId(records, 0), producerEpoch(records, 0), log, version);
  }

  #leaderCode(node: number, log: FakeLog | undefined): number {
    if (log === undefined) return errorCode('UNKNOWN_TOPIC_OR_PARTITION');
    return log.leader === node ? 0 : errorCode('NOT_LEADER_OR_FOLLOWER');
  }
}
