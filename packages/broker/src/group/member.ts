import type { Timer } from '@millrace/core';
import type { KafkaErrorName } from '@millrace/kafka-protocol';

/** One assignor that a member can use, with what the member tells it. */
export interface MemberProtocol {
  readonly name: string;
  readonly metadata: Buffer;
}

/** The answer to JoinGroup. Only the leader is told the members. */
export interface JoinResult {
  readonly error: KafkaErrorName;
  readonly memberId: string;
  readonly generation: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string;
  readonly skipAssignment: boolean;
  readonly members: readonly { readonly memberId: string; readonly groupInstanceId: string | null; readonly metadata: Buffer }[];
}

/** The answer to SyncGroup. */
export interface SyncResult {
  readonly error: KafkaErrorName;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Buffer;
}

const noBytes = Buffer.alloc(0);

export function joinFailure(error: KafkaErrorName, memberId: string): JoinResult {
  return { error, memberId, generation: -1, protocolType: null, protocolName: null, leader: '', skipAssignment: false, members: [] };
}

export function syncFailure(error: KafkaErrorName): SyncResult {
  return { error, protocolType: null, protocolName: null, assignment: noBytes };
}

/** What a member says of itself when it joins. */
export interface MemberTraits {
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocols: readonly MemberProtocol[];
}

/** A member of a group and what it waits for. */
export class Member {
  readonly id: string;
  traits: MemberTraits;
  assignment: Buffer = noBytes;
  answerJoin: ((result: JoinResult) => void) | undefined;
  answerSync: ((result: SyncResult) => void) | undefined;
  sessionTimer: Timer | undefined;

  constructor(id: string, traits: MemberTraits) {
    this.id = id;
    this.traits = traits;
  }

  get isStatic(): boolean {
    return this.traits.instanceId !== null;
  }

  supports(protocol: string): boolean {
    return this.traits.protocols.some(({ name }) => name === protocol);
  }

  metadataFor(protocol: string | null): Buffer {
    return this.traits.protocols.find(({ name }) => name === protocol)?.metadata ?? noBytes;
  }

  hasSameProtocols(others: readonly MemberProtocol[]): boolean {
    const mine = this.traits.protocols;
    return (
      mine.length === others.length &&
      mine.every(({ name, metadata }, i) => name === others[i]!.name && metadata.equals(others[i]!.metadata))
    );
  }

  /** Answers whatever the member waits for with an error. */
  dismiss(error: KafkaErrorName): void {
    this.sessionTimer?.cancel();
    this.settleJoin(joinFailure(error, this.id));
    this.settleSync(syncFailure(error));
  }

  settleJoin(result: JoinResult): void {
    const answer = this.answerJoin;
    this.answerJoin = undefined;
    answer?.(result);
  }

  settleSync(result: SyncResult): void {
    const answer = this.answerSync;
    this.answerSync = undefined;
    answer?.(result);
  }
}
