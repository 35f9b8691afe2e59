import type { apis, RequestOf } from '@millrace/kafka-protocol';
import type { Coordinated } from './cluster.ts';

type Apis = typeof apis;

/** What a request is about that only its coordinator answers; undefined if any node does. */
export interface CoordinatedName {
  readonly kind: Coordinated;
  readonly name: string;
}

const group = ({ groupId }: { readonly groupId: string }): CoordinatedName => ({ kind: 'group', name: groupId });
const transaction = ({ transactionalId }: { readonly transactionalId: string }): CoordinatedName => ({
  kind: 'transaction',
  name: transactionalId,
});

/** Requests that name one group or one transactional id; those that name many look at each themselves. */
const coordinated: { readonly [A in keyof Apis]?: (request: RequestOf<Apis[A]>) => CoordinatedName | undefined } = {
  offsetCommit: group,
  // From 8 on a request names several groups.
  offsetFetch: ({ groupId, groups }) => (groups.length > 0 ? undefined : group({ groupId })),
  joinGroup: group,
  heartbeat: group,
  leaveGroup: group,
  syncGroup: group,
  offsetDelete: group,
  txnOffsetCommit: group,
  initProducerId: ({ transactionalId }) => (transactionalId === null ? undefined : transaction({ transactionalId })),
  addPartitionsToTxn: transaction,
  addOffsetsToTxn: transaction,
  endTxn: transaction,
};

/** The group or transactional id that a request is for; one without a name is nobody's. */
export function coordinatedBy(api: keyof Apis, request: unknown): CoordinatedName | undefined {
  const named = (coordinated[api] as ((request: unknown) => CoordinatedName | undefined) | undefined)?.(request);
  return named?.name === '' ? undefined : named;
}
