import { type apis, type EncodableResponse, errorCode, type RequestOf } from '@millrace/kafka-protocol';

type Join = RequestOf<typeof apis.joinGroup>;
type JoinAnswer = EncodableResponse<typeof apis.joinGroup>;
type Sync = RequestOf<typeof apis.syncGroup>;
type SyncAnswer = EncodableResponse<typeof apis.syncGroup>;

interface Member {
  join: Join;
  answerJoin?: (answer: JoinAnswer) => void;
  answerSync?: (answer: SyncAnswer) => void;
}

/** A consumer group: a rebalance is over when all known members have joined again. */
export class FakeGroup {
  generation = 0;
  members = new Map<string, Member>();
  offsets = new Map<string, number>();
  #names = 0;
  #isRebalancing = false;
  #assignments: Map<string, Buffer> | undefined;

  join(request: Join): Promise<JoinAnswer> | JoinAnswer {
    if (request.memberId === '') {
      return refusedJoin('MEMBER_ID_REQUIRED', `member-${++this.#names}`);
    }
    if (!this.members.has(request.memberId) && Number(request.memberId.slice(7)) > this.#names) return refusedJoin('UNKNOWN_MEMBER_ID', '');
    this.#isRebalancing = true;
    this.#assignments = undefined;
    return new Promise((answerJoin) => {
      this.members.set(request.memberId, { join: request, answerJoin });
      this.#completeJoin();
    });
  }

  sync(request: Sync): Promise<SyncAnswer> | SyncAnswer {
    const code = this.check(request.memberId, request.generationId);
    if (code !== 0) return { errorCode: code, assignment: Buffer.alloc(0) };
    if (request.assignments.length > 0)
      this.#assignments = new Map(request.assignments.map(({ memberId, assignment }) => [memberId, assignment]));
    return new Promise((answerSync) => {
      this.members.get(request.memberId)!.answerSync = answerSync;
      this.#completeSync();
    });
  }

  /** The code with which a request of this member is answered. */
  check(memberId: string, generation: number): number {
    if (!this.members.has(memberId)) return errorCode('UNKNOWN_MEMBER_ID');
    if (generation !== this.generation) return errorCode('ILLEGAL_GENERATION');
    return this.#isRebalancing ? errorCode('REBALANCE_IN_PROGRESS') : 0;
  }

  leave(memberId: string): void {
    this.members.delete(memberId);
    this.#isRebalancing = this.members.size > 0;
    this.#completeJoin();
  }

  /** Drops a member as if it had not been heard of. */
  expel(memberId: string): void {
    this.leave(memberId);
  }

  #completeJoin(): void {
    const members = [...this.members];
    if (members.length === 0 || members.some(([, { answerJoin }]) => answerJoin === undefined)) return;
    this.generation++;
    this.#isRebalancing = false;
    const leader = members[0]![0];
    const metadataOf = (join: Join, name: string) => join.protocols.find((protocol) => protocol.name === name)?.metadata;
    const isCommon = ({ name }: { name: string }) => members.every(([, { join }]) => metadataOf(join, name) !== undefined);
    const { name: protocolName } = members[0]![1].join.protocols.find(isCommon)!;
    for (const [memberId, member] of members) {
      const isLeader = memberId === leader;
      member.answerJoin!({
        errorCode: 0,
        generationId: this.generation,
        protocolType: 'consumer',
        protocolName,
        leader,
        memberId,
        members: isLeader ? members.map(([id, { join }]) => ({ memberId: id, metadata: metadataOf(join, protocolName)! })) : [],
      });
      delete member.answerJoin;
    }
  }

  #completeSync(): void {
    if (this.#assignments === undefined) return;
    for (const [memberId, member] of this.members) {
      member.answerSync?.({ errorCode: 0, assignment: this.#assignments.get(memberId) ?? Buffer.alloc(0) });
      delete member.answerSync;
    }
  }
}

function refusedJoin(name: 'MEMBER_ID_REQUIRED' | 'UNKNOWN_MEMBER_ID', memberId: string): JoinAnswer {
  return { errorCode: errorCode(name), generationId: -1, protocolName: '', leader: '', memberId, members: [] };
}
