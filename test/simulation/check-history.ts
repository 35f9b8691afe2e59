import type { Acknowledged, Committing, Ended, Ending, Event, Promises, Read, Scanned, SeenBatch, SeenRecord, Sent } from './history.ts';
import { copyMark } from './history.ts';

/**
 * Compares what the clients of a broker have seen with what a broker promises; knows nothing else of it.
 * @returns one sentence for each thing that is wrong.
 */
export function checkHistory(events: readonly Event[], promises: Promises, copy?: Copy): string[] {
  const facts = new Facts(events, promises, copy);
  return rules.flatMap((rule) => rule(facts));
}

type Place = { readonly topic: string; readonly partition: number };
/** A group copies a topic into another one, partition by partition: what it has come past is there once, and nothing else. */
export interface Copy {
  readonly group: string;
  readonly from: string;
  readonly to: string;
}

type Rule = (facts: Facts) => string[];

const placeOf = ({ topic, partition }: Place) => `${topic}[${partition}]`;

/** The history by what is asked of it. */
class Facts {
  readonly events: readonly Event[];
  readonly sent = new Map<string, { readonly sent: Sent; readonly order: number }>();
  readonly acknowledged = new Map<string, { readonly order: number; readonly offset: number | undefined }>();
  readonly endings = new Map<string, { readonly ending: Ending; readonly order: number }>();
  readonly results = new Map<string, Ended['result']>();
  /** True if power was lost without what was acknowledged being on stable storage. */
  readonly hasLoss: boolean;
  readonly copy: Copy | undefined;
  readonly #promises: Promises;

  constructor(events: readonly Event[], promises: Promises, copy: Copy | undefined) {
    this.events = events;
    this.copy = copy;
    this.#promises = promises;
    this.hasLoss = events.some((event) => event.kind === 'restarted' && event.after === 'loss');
    for (const [order, event] of events.entries()) {
      if (event.kind === 'sent') this.sent.set(event.value, { sent: event, order });
      else if (event.kind === 'acknowledged') this.#acknowledge(event, order);
      else if (event.kind === 'ending') this.endings.set(event.transaction, { ending: event, order });
      else if (event.kind === 'ended') this.results.set(event.transaction, event.result);
    }
  }

  of<K extends Event['kind']>(kind: K): Extract<Event, { kind: K }>[] {
    return this.events.filter((event) => event.kind === kind) as Extract<Event, { kind: K }>[];
  }

  scans(isolation: Scanned['isolation']): Scanned[] {
    return this.of('scanned').filter((scan) => scan.isolation === isolation);
  }

  scanOf(place: Place, isolation: Scanned['isolation']): Scanned | undefined {
    return this.scans(isolation).find((scan) => placeOf(scan) === placeOf(place));
  }

  promise(topic: string) {
    return this.#promises.get(topic) ?? { isCompacted: false, isRetained: false };
  }

  /** May the transaction be seen by now? */
  mayBeSeen(transaction: string, order: number): boolean {
    const found = this.endings.get(transaction);
    return found?.ending.outcome === 'commit' && found.order < order && !isUndone(this.results.get(transaction));
  }

  #acknowledge({ values, baseOffset }: Acknowledged, order: number): void {
    for (const [i, value] of values.entries()) {
      this.acknowledged.set(value, { order, offset: baseOffset === undefined ? undefined : baseOffset + i });
    }
  }
}

const isUndone = (result: Ended['result'] | undefined) => result === 'aborted' || result === 'refused';

const recordsOf = ({ batches }: { readonly batches: readonly SeenBatch[] }): SeenRecord[] =>
  batches.flatMap(({ control, records }) => (control === undefined ? records : []));

/** True if the broker had to keep it: it is acknowledged, and no transaction that is not committed. */
function isPromised(facts: Facts, { value, transaction }: Sent): boolean {
  if (!facts.acknowledged.has(value)) return false;
  return transaction === undefined || facts.results.get(transaction) === 'committed';
}

const nothingAcknowledgedIsLost: Rule = (facts) => {
  if (facts.hasLoss) return [];
  const wrong: string[] = [];
  for (const scan of facts.scans('committed')) {
    const { isCompacted } = facts.promise(scan.topic);
    const found = new Map(recordsOf(scan).map((record) => [record.value, record]));
    const here = [...facts.sent.values()].map(({ sent }) => sent).filter((sent) => placeOf(sent) === placeOf(scan));
    for (const [i, sent] of here.entries()) {
      if (!isPromised(facts, sent)) continue;
      const { offset } = facts.acknowledged.get(sent.value)!;
      const record = found.get(sent.value);
      if (record !== undefined) {
        if (offset !== undefined && record.offset !== offset) {
          wrong.push(`${sent.value} was acknowledged at ${offset} of ${placeOf(scan)}, and is at ${record.offset}`);
        }
        continue;
      }
      const isDeleted = scan.logStartOffset > 0 && (offset === undefined || offset < scan.logStartOffset);
      const isReplaced = isCompacted && here.slice(i + 1).some((later) => later.key === sent.key && found.has(later.value));
      if (!isDeleted && !isReplaced) wrong.push(`${sent.value} was acknowledged and is not in ${placeOf(scan)}`);
    }
  }
  return wrong;
};

/** Where power is lost that nothing was flushed for, each producer's records in a partition are gone from some point on, without a hole. */
const lossesHaveNoHoles: Rule = (facts) => {
  const losses = facts.events.flatMap((event, order) => (event.kind === 'restarted' && event.after === 'loss' ? [order] : []));
  const eraOf = (order: number) => losses.filter((loss) => loss < order).length;
  return facts.scans('uncommitted').flatMap((scan) => {
    const { isCompacted, isRetained } = facts.promise(scan.topic);
    if (isCompacted || isRetained || scan.logStartOffset > 0) return [];
    const found = new Set(recordsOf(scan).map(({ value }) => value));
    const gone = new Map<string, string>();
    return [...facts.sent.values()].flatMap(({ sent, order }) => {
      const known = facts.acknowledged.get(sent.value);
      if (placeOf(sent) !== placeOf(scan) || known === undefined || sent.transaction !== undefined) return [];
      // Of one under way meanwhile it is not known whether it was acknowledged before.
      if (eraOf(order) !== eraOf(known.order)) return [];
      const key = `${sent.producer} ${eraOf(order)}`;
      if (!found.has(sent.value)) gone.set(key, gone.get(key) ?? sent.value);
      else if (gone.has(key)) return [`${sent.value} is in ${placeOf(scan)}, and ${gone.get(key)} of before it is not`];
      return [];
    });
  });
};

const nothingIsThereTwice: Rule = (facts) =>
  facts.scans('uncommitted').flatMap((scan) => {
    const seen = new Set<string | null>();
    return recordsOf(scan).flatMap(({ value, offset }) => {
      const isTwice = seen.has(value);
      seen.add(value);
      return isTwice ? [`${value} is in ${placeOf(scan)} twice, the second time at ${offset}`] : [];
    });
  });

const everyRecordWasSentAsItIs: Rule = (facts) =>
  [...facts.of('read'), ...facts.of('scanned')].flatMap((read) =>
    recordsOf(read).flatMap(({ key, value, offset }) => {
      const found = facts.sent.get(value ?? '');
      if (found === undefined) return [`${value} at ${offset} of ${placeOf(read)} was never sent`];
      const { sent } = found;
      return sent.key === key && placeOf(sent) === placeOf(read)
        ? []
        : [`${value} was sent to ${placeOf(sent)}, and is in ${placeOf(read)}`];
    }),
  );

const eachProducersOrderIsKept: Rule = (facts) =>
  facts.scans('uncommitted').flatMap((scan) => {
    const last = new Map<string, { value: string; order: number }>();
    return recordsOf(scan).flatMap(({ value }) => {
      const found = facts.sent.get(value ?? '');
      if (found === undefined) return [];
      const { sent, order } = found;
      const before = last.get(sent.producer);
      last.set(sent.producer, { value: sent.value, order });
      return before !== undefined && before.order > order ? [`${sent.value} stands behind ${before.value} in ${placeOf(scan)}`] : [];
    });
  });

function gapsIn(read: Read | Scanned, isCompacted: boolean): string[] {
  const wrong: string[] = [];
  let expected: number | undefined;
  for (const { baseOffset, lastOffset, control, records } of read.batches) {
    const isNext = expected === undefined || (isCompacted ? baseOffset >= expected : baseOffset === expected);
    if (!isNext) wrong.push(`a batch of ${placeOf(read)} begins at ${baseOffset}, and ${expected} is next`);
    const isWhole = records.every(({ offset }, i) =>
      isCompacted ? offset >= baseOffset && offset <= lastOffset : offset === baseOffset + i,
    );
    const isFull = isCompacted || control !== undefined || read.isolation === 'committed' || records.length === lastOffset - baseOffset + 1;
    if (!isWhole || !isFull) wrong.push(`the batch of ${baseOffset} to ${lastOffset} of ${placeOf(read)} has other offsets`);
    expected = lastOffset + 1;
  }
  return wrong;
}

const offsetsAreDense: Rule = (facts) => {
  const inReads = [...facts.of('read'), ...facts.of('scanned')].flatMap((read) => gapsIn(read, facts.promise(read.topic).isCompacted));
  const atEdges = facts.scans('uncommitted').flatMap((scan) => {
    if (facts.promise(scan.topic).isCompacted) return [];
    const [first, last] = [scan.batches[0], scan.batches.at(-1)];
    const wrong: string[] = [];
    const end = last === undefined ? scan.logStartOffset : last.lastOffset + 1;
    if (end !== scan.highWatermark) wrong.push(`${placeOf(scan)} ends at ${end}, and its high watermark is ${scan.highWatermark}`);
    if (first !== undefined && (first.baseOffset > scan.logStartOffset || first.lastOffset < scan.logStartOffset)) {
      wrong.push(`${placeOf(scan)} begins at ${scan.logStartOffset}, and its first batch is ${first.baseOffset} to ${first.lastOffset}`);
    }
    return wrong;
  });
  const fromOffsets = facts.of('read').flatMap((read) => {
    const [first] = read.batches;
    const isThere =
      first === undefined ||
      (first.lastOffset >= read.fromOffset && (facts.promise(read.topic).isCompacted || first.baseOffset <= read.fromOffset));
    return isThere ? [] : [`a read of ${placeOf(read)} from ${read.fromOffset} brought ${first.baseOffset} to ${first.lastOffset} first`];
  });
  return [...inReads, ...atEdges, ...fromOffsets];
};

const nothingAbortedIsRead: Rule = (facts) =>
  facts.events.flatMap((event, order) => {
    if ((event.kind !== 'read' && event.kind !== 'scanned') || event.isolation !== 'committed') return [];
    return recordsOf(event).flatMap(({ value, offset }) => {
      const transaction = facts.sent.get(value ?? '')?.sent.transaction;
      if (transaction !== undefined && !facts.mayBeSeen(transaction, order))
        return [`${value} of ${placeOf(event)} was not committed and is read`];
      return offset >= event.lastStableOffset ? [`${value} of ${placeOf(event)} is read beyond the last stable offset`] : [];
    });
  });

/** Transactions by their records and offsets, as far as those must still be there. */
const transactionsAreWholeOrNot: Rule = (facts) => {
  if (facts.hasLoss) return [];
  const visible = new Set(facts.scans('committed').flatMap((scan) => recordsOf(scan).map(({ value }) => value)));
  const lasting = [...facts.sent.values()]
    .map(({ sent }) => sent)
    .filter(({ topic }) => !facts.promise(topic).isCompacted && !facts.promise(topic).isRetained);
  const valuesOf = (transaction: string) => lasting.filter((sent) => sent.transaction === transaction).map(({ value }) => value);
  const missingOf = (transaction: string) => valuesOf(transaction).filter((value) => !visible.has(value));
  /** Whoever takes over where a transaction came to nothing comes to the same offset. */
  const isOfAnother = (of: Committing) =>
    facts.of('committing').some((other) => {
      if (other.group !== of.group || placeOf(other) !== placeOf(of) || other.offset !== of.offset) return false;
      if (other.transaction === undefined) return true;
      const isSeen = facts.mayBeSeen(other.transaction, facts.events.length) && missingOf(other.transaction).length === 0;
      return isSeen && other.transaction !== of.transaction;
    });
  return [...facts.endings.values()].flatMap(({ ending: { transaction, outcome } }) => {
    if (outcome === 'abort') return [];
    const values = valuesOf(transaction);
    const missing = missingOf(transaction);
    const isWhole = missing.length === 0;
    const isSeen = missing.length < values.length;
    const wrong = isSeen && !isWhole ? [`${transaction} is seen without ${missing.join(', ')}`] : [];
    if (facts.results.get(transaction) === 'committed' && !isWhole)
      wrong.push(`${transaction} was committed, and ${missing.join(', ')} are not seen`);
    for (const committing of facts.of('committing')) {
      if (committing.transaction !== transaction || values.length === 0) continue;
      const offset = lastSeenOffset(facts, committing);
      if (isWhole && offset < committing.offset)
        wrong.push(`${transaction} is seen without the offset ${committing.offset}: it is ${offset}`);
      if (!isSeen && offset === committing.offset && !isOfAnother(committing))
        wrong.push(`${transaction} is not seen, but its offset ${offset} is`);
    }
    return wrong;
  });
};

function lastSeenOffset(facts: Facts, of: Place & { readonly group: string }): number {
  return facts.of('offset-seen').findLast((seen) => seen.group === of.group && placeOf(seen) === placeOf(of))?.offset ?? -1;
}

/** True if power was lost after the record was copied and before it was acknowledged: it may be gone, and another be in its place. */
function isOfUnacknowledged(facts: Facts, copied: string, original: string): boolean {
  const copiedAt = facts.sent.get(copied)?.order ?? Number.POSITIVE_INFINITY;
  const acknowledgedAt = facts.acknowledged.get(original)?.order ?? Number.POSITIVE_INFINITY;
  return facts.events.some(
    (event, order) => event.kind === 'restarted' && event.after === 'power' && copiedAt < order && order < acknowledgedAt,
  );
}

const copiesAreExact: Rule = (facts) => {
  const { copy } = facts;
  if (copy === undefined || facts.hasLoss) return [];
  return facts.scans('committed').flatMap((scan) => {
    if (scan.topic !== copy.from) return [];
    const { partition } = scan;
    const target = facts.scanOf({ topic: copy.to, partition }, 'committed');
    if (target === undefined) return [];
    const position = lastSeenOffset(facts, { group: copy.group, topic: copy.from, partition });
    const originals = recordsOf(scan).flatMap(({ value, offset }) => (offset < position ? [value] : []));
    const copies = recordsOf(target).map(({ value }) => value!.slice(value!.indexOf(copyMark) + 1));
    const isExact = originals.length === copies.length && originals.every((value, i) => value === copies[i]);
    const other = copies.findIndex((value, i) => value !== originals[i]);
    const isOfNoOriginal = other !== -1 && isOfUnacknowledged(facts, recordsOf(target)[other]!.value!, copies[other]!);
    return isExact || isOfNoOriginal
      ? []
      : [`the copy of ${placeOf(scan)} up to ${position} is ${copies.join(' ')}, and the original ${originals.join(' ')}`];
  });
};

const committedOffsetsNeverGoBack: Rule = (facts) => {
  if (facts.hasLoss) return [];
  const keyOf = (of: Place & { readonly group: string }) => `${of.group} in ${placeOf(of)}`;
  /** The offset that must be there, by key, with the number of the event from which on. */
  const least = new Map<string, { order: number; offset: number }[]>();
  const most = new Map<string, number>();
  const raise = (key: string, order: number, offset: number) => least.set(key, [...(least.get(key) ?? []), { order, offset }]);
  const ofTransaction = (transaction: string) => facts.of('committing').filter((committing) => committing.transaction === transaction);
  return facts.events.flatMap((event, order) => {
    if (event.kind === 'committing') most.set(keyOf(event), Math.max(most.get(keyOf(event)) ?? -1, event.offset));
    else if (event.kind === 'committed') raise(keyOf(event), order, event.offset);
    else if (event.kind === 'ended' && event.result === 'committed') {
      for (const committing of ofTransaction(event.transaction)) raise(keyOf(committing), order, committing.offset);
    } else if (event.kind === 'offset-seen') {
      const key = keyOf(event);
      const known = (least.get(key) ?? []).filter((bound) => bound.order < event.askedAt).map(({ offset }) => offset);
      const bound = Math.max(-1, ...known);
      raise(key, order, event.offset);
      if (event.offset < bound) return [`the offset of ${key} is ${event.offset} after it was ${bound}`];
      if (event.offset > (most.get(key) ?? -1)) return [`the offset of ${key} is ${event.offset}, which nobody has committed`];
    }
    return [];
  });
};

/** What was read before it was acknowledged may go again when power is lost; acknowledged records are looked for elsewhere. */
const boundsOnlyGrow: Rule = (facts) => {
  const last = new Map<string, Read | Scanned>();
  return facts.events.flatMap((event) => {
    if (event.kind === 'restarted' && event.after === 'power') last.clear();
    if (event.kind !== 'read' && event.kind !== 'scanned') return [];
    const before = last.get(placeOf(event));
    last.set(placeOf(event), event);
    const { logStartOffset, lastStableOffset, highWatermark } = event;
    const wrong: string[] = [];
    if (lastStableOffset > highWatermark || logStartOffset > highWatermark || logStartOffset > lastStableOffset) {
      wrong.push(`${placeOf(event)} has start ${logStartOffset}, stable ${lastStableOffset} and high ${highWatermark}`);
    }
    if (before === undefined || facts.hasLoss) return wrong;
    for (const bound of ['logStartOffset', 'lastStableOffset', 'highWatermark'] as const) {
      if (event[bound] < before[bound]) wrong.push(`${bound} of ${placeOf(event)} went from ${before[bound]} to ${event[bound]}`);
    }
    return wrong;
  });
};

const nothingHangs: Rule = (facts) =>
  facts
    .scans('uncommitted')
    .flatMap(({ lastStableOffset, highWatermark, ...place }) =>
      lastStableOffset === highWatermark
        ? []
        : [`${placeOf(place)} is stable up to ${lastStableOffset} of ${highWatermark} when all has ended`],
    );

const newest = -3;

const lookUpsAgreeWithScans: Rule = (facts) => [
  ...facts.of('looked-up').flatMap((lookedUp) => {
    const scan = facts.scanOf(lookedUp, 'uncommitted');
    if (scan === undefined) return [];
    const records = scan.batches.flatMap((batch) => batch.records).filter(({ offset }) => offset >= scan.logStartOffset);
    const wanted = lookedUp.timestampMs === newest ? Math.max(...records.map(({ timestampMs }) => timestampMs)) : lookedUp.timestampMs;
    const expected = records.find(({ timestampMs }) => timestampMs >= wanted)?.offset ?? -1;
    if (lookedUp.offset === expected) return [];
    return [`the time ${lookedUp.timestampMs} of ${placeOf(lookedUp)} is looked up at ${lookedUp.offset}, and a scan finds ${expected}`];
  }),
  ...facts.of('sought').flatMap((sought) => {
    const scan = facts.scanOf(sought, 'uncommitted');
    if (scan === undefined) return [];
    const expected =
      scan.batches.find(({ lastOffset, records }) => lastOffset >= sought.fromOffset && records.length > 0)?.baseOffset ?? -1;
    if (sought.baseOffset === expected) return [];
    return [`a fetch of ${placeOf(sought)} from ${sought.fromOffset} begins with ${sought.baseOffset}, and a scan finds ${expected}`];
  }),
];

const topicsAreAsTold: Rule = (facts) => {
  const told = new Map<string, string>();
  return facts.events.flatMap((event) => {
    if (event.kind === 'topic-told') told.set(event.topic, event.state);
    if (event.kind !== 'topics-seen' || facts.hasLoss) return [];
    return [...told].flatMap(([topic, state]) => {
      const isThere = event.topics.includes(topic);
      return (state === 'made' && !isThere) || (state === 'deleted' && isThere)
        ? [`${topic} was ${state}, and is ${isThere ? '' : 'not '}listed`]
        : [];
    });
  });
};

/** What was deleted stays deleted: no log begins before a start that was granted. */
const deletedStaysDeleted: Rule = (facts) => {
  if (facts.hasLoss) return [];
  const granted = facts.events.flatMap((event, order) => (event.kind === 'deleting' ? [{ event, order }] : []));
  return facts.events.flatMap((event, at) => {
    if (event.kind !== 'read' && event.kind !== 'scanned') return [];
    const askedAt = event.kind === 'read' ? event.askedAt : at;
    const mine = granted.filter(({ event: deleting, order }) => order < askedAt && placeOf(deleting) === placeOf(event));
    const start = Math.max(0, ...mine.map(({ event: { beforeOffset } }) => beforeOffset));
    return event.logStartOffset < start ? [`${placeOf(event)} was deleted before ${start}, and begins at ${event.logStartOffset}`] : [];
  });
};

const nobodyIsLedAstray: Rule = (facts) => (facts.hasLoss ? [] : facts.of('astray').map(({ what }) => what));

const rules: readonly Rule[] = [
  nothingAcknowledgedIsLost,
  lossesHaveNoHoles,
  nothingIsThereTwice,
  everyRecordWasSentAsItIs,
  eachProducersOrderIsKept,
  offsetsAreDense,
  nothingAbortedIsRead,
  transactionsAreWholeOrNot,
  copiesAreExact,
  committedOffsetsNeverGoBack,
  boundsOnlyGrow,
  nothingHangs,
  lookUpsAgreeWithScans,
  topicsAreAsTold,
  deletedStaysDeleted,
  nobodyIsLedAstray,
];
