import { apis, type ResponseOf } from '@millrace/kafka-protocol';
import type { RawClient } from '../../packages/broker/test/raw-client.ts';
import { errorName, type Subject } from './subject.ts';

interface MemberOptions {
  readonly instanceId?: string;
  readonly protocols?: readonly string[];
  readonly metadata?: Buffer;
  readonly protocolType?: string;
  readonly sessionTimeoutMs?: number;
  readonly rebalanceTimeoutMs?: number;
  /** Of JoinGroup. */
  readonly version?: number;
}

/** What a member was told on joining. */
type Joined = Omit<ResponseOf<typeof apis.joinGroup>, 'errorCode'> & { readonly error: string };

/** A member of a group that says just what it is told to, so that it can be wrong. It remembers its id and generation. */
export class Member {
  readonly groupId: string;
  memberId = '';
  generation = -1;
  readonly #client: RawClient;
  readonly #options: MemberOptions;

  constructor(client: RawClient, groupId: string, options: MemberOptions = {}) {
    this.#client = client;
    this.groupId = groupId;
    this.#options = options;
  }

  static async connect(subject: Subject, groupId: string, options: MemberOptions = {}): Promise<Member> {
    return new Member(await subject.connect(), groupId, options);
  }

  /** The only member of a new group, which is stable. */
  static async alone(subject: Subject, groupId: string, options: MemberOptions = {}): Promise<Member> {
    const member = await Member.connect(subject, groupId, options);
    await member.enter();
    await member.sync({ [member.memberId]: 'all' });
    return member;
  }

  get instanceId(): string | null {
    return this.#options.instanceId ?? null;
  }

  disconnect(): void {
    this.#client.close();
  }

  /** One request, as what it is told to be. */
  async join(changes: MemberOptions & { readonly memberId?: string } = {}): Promise<Joined> {
    const options = { ...this.#options, ...changes };
    const { protocols = ['range'], metadata = Buffer.from('m'), protocolType = 'consumer', version = 9 } = options;
    const { errorCode, ...joined } = await this.#client.request(apis.joinGroup, version, {
      groupId: this.groupId,
      sessionTimeoutMs: options.sessionTimeoutMs ?? 10_000,
      rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 20_000,
      memberId: changes.memberId ?? this.memberId,
      groupInstanceId: version >= 5 ? this.instanceId : null,
      protocolType,
      protocols: protocols.map((name) => ({ name, metadata })),
    });
    const error = errorName(errorCode);
    if (error === 'NONE') ({ memberId: this.memberId, generationId: this.generation } = joined);
    return { error, ...joined };
  }

  /** Joins, a second time if it is told its id. */
  async enter(changes: MemberOptions = {}): Promise<Joined> {
    const first = await this.join(changes);
    if (first.error !== 'MEMBER_ID_REQUIRED') return first;
    this.memberId = first.memberId;
    return this.join(changes);
  }

  /** @param assignments text by member id; of the leader only. */
  async sync(
    assignments: Readonly<Record<string, string>> = {},
    changes: {
      readonly generation?: number;
      readonly memberId?: string;
      readonly protocolName?: string;
      readonly protocolType?: string;
    } = {},
  ) {
    const { errorCode, assignment, ...answer } = await this.#client.request(apis.syncGroup, 5, {
      groupId: this.groupId,
      generationId: changes.generation ?? this.generation,
      memberId: changes.memberId ?? this.memberId,
      groupInstanceId: this.instanceId,
      protocolType: changes.protocolType ?? this.#options.protocolType ?? 'consumer',
      protocolName: changes.protocolName ?? this.#options.protocols?.[0] ?? 'range',
      assignments: Object.entries(assignments).map(([memberId, text]) => ({ memberId, assignment: Buffer.from(text) })),
    });
    return { error: errorName(errorCode), assignment: assignment.toString(), ...answer };
  }

  async heartbeat(changes: { readonly generation?: number; readonly memberId?: string } = {}): Promise<string> {
    const answer = await this.#client.request(apis.heartbeat, 4, {
      groupId: this.groupId,
      generationId: changes.generation ?? this.generation,
      memberId: changes.memberId ?? this.memberId,
      groupInstanceId: this.instanceId,
    });
    return errorName(answer.errorCode);
  }

  /** By its own id, or by its instance alone. */
  async leave({ memberId = this.memberId }: { readonly memberId?: string } = {}): Promise<string> {
    const members = [{ memberId, groupInstanceId: this.instanceId }];
    const answer = await this.#client.request(apis.leaveGroup, 5, { groupId: this.groupId, members });
    return errorName(answer.errorCode === 0 ? answer.members[0]!.errorCode : answer.errorCode);
  }

  async commit(topic: string, offset: number, changes: { readonly generation?: number; readonly memberId?: string } = {}): Promise<string> {
    const answer = await this.#client.request(apis.offsetCommit, 8, {
      groupId: this.groupId,
      generationIdOrMemberEpoch: changes.generation ?? this.generation,
      memberId: changes.memberId ?? this.memberId,
      groupInstanceId: this.instanceId,
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, committedOffset: offset, committedMetadata: null }] }],
    });
    return errorName(answer.topics[0]!.partitions[0]!.errorCode);
  }
}

/** State and members of a group, as it is told to administrators. */
export async function describeGroup(subject: Subject, groupId: string) {
  const { groups } = await subject.request(apis.describeGroups, 5, { groups: [groupId], includeAuthorizedOperations: false });
  const { errorCode, groupState, protocolType, protocolData, members } = groups[0]!;
  return { error: errorName(errorCode), groupState, protocolType, protocolData, members };
}
