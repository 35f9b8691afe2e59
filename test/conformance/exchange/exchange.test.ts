import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apisByKey } from '@millrace/kafka-protocol';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../architecture/workspace.ts';
import { isKafka3, Subject } from '../subject.ts';
import { askAdministration } from './administration-requests.ts';
import { type Answers, Exchange } from './exchange.ts';
import { askGroups } from './group-requests.ts';
import { askAboutLogs } from './log-requests.ts';
import { ownAnswer } from './own-answers.ts';
import { askTransactions } from './transaction-requests.ts';

/**
 * The same requests, in every version, in the same situation, to both brokers. What Apache Kafka answers is recorded in `kafka.jsonl`: there the
 * record must be true, and the embedded broker must answer alike, but for what `own-answers.ts` lists.
 * `MILLRACE_RECORD=1 npm run test:kafka -- test/conformance/exchange` records it anew.
 */
interface Recorded {
  readonly served: Readonly<Record<string, readonly [min: number, max: number]>>;
  readonly answers: Answers;
}

const path = join(root, 'test/conformance/exchange/kafka.jsonl');
const isApacheKafka = process.env['KAFKA_BROKERS'] !== undefined;
const isRecording = isApacheKafka && process.env['MILLRACE_RECORD'] !== undefined;

/** By question and version. */
function flat(answers: Answers): Map<string, unknown> {
  const entries = Object.entries(answers).flatMap(([what, alternatives]) =>
    alternatives.flatMap(({ versions, answer }) => versions.map((version): [string, unknown] => [`${what}, version ${version}`, answer])),
  );
  return new Map(entries);
}

describe.skipIf(isKafka3)('answers', () => {
  const subject = Subject.inThisFile();
  let exchange: Exchange;
  let recorded: Recorded;

  beforeAll(async () => {
    exchange = await Exchange.open(subject);
    for (const ask of [askAboutLogs, askGroups, askTransactions, askAdministration]) await ask(exchange);
    if (isRecording) writeFileSync(path, compact({ served: exchange.served, answers: exchange.answers }));
    recorded = parse(readFileSync(path, 'utf8'));
  });

  it('are those of Apache Kafka to every request, in every version that both speak', () => {
    const theirs = flat(recorded.answers);
    const ours = flat(exchange.answers);
    const isShared = (what: string) => theirs.has(what) && ours.has(what);
    const shared = [...ours.keys()].filter(isShared);
    const expected = new Map(shared.map((what) => [what, isApacheKafka ? theirs.get(what) : ownAnswer(what, theirs.get(what))]));
    const wrong = shared.filter((what) => JSON.stringify(ours.get(what)) !== JSON.stringify(expected.get(what)));
    expect(Object.fromEntries(wrong.map((what) => [what, ours.get(what)]))).toEqual(
      Object.fromEntries(wrong.map((what) => [what, expected.get(what)])),
    );
    expect(shared.length).toBeGreaterThan(700);
  });

  it('are recorded of every request, and of every API and version that the embedded broker lists and Apache Kafka serves', () => {
    const isServed = (key: number, version: number) => {
      const [min, max] = recorded.served[key] ?? [0, -1];
      return version >= min && version <= max;
    };
    const theirs = flat(recorded.answers);
    const keys = new Map([...apisByKey.values()].map(({ key, name }) => [name, key]));
    const asked = [...flat(exchange.answers).keys()].map((what) => ({
      what,
      api: what.split(':')[0]!,
      version: Number(what.split(' ').at(-1)),
    }));
    const unrecorded = asked.filter(({ what, api, version }) => isServed(keys.get(api)!, version) && !theirs.has(what));
    expect(unrecorded).toEqual([]);
    const known = new Set(asked.map(({ api, version }) => `${api} ${version}`));
    const notAsked = [...apisByKey.values()].flatMap((api) => {
      const versions = exchange.versionsOf(api).filter((version) => isServed(api.key, version));
      return versions.map((version) => `${api.name} ${version}`).filter((name) => !known.has(name));
    });
    expect(notAsked).toEqual([]);
  });
});

/** One line for what is served, then one for each answer. */
function compact({ served, answers }: Recorded): string {
  const lines = Object.entries(answers).flatMap(([what, alternatives]) => alternatives.map((alternative) => ({ what, ...alternative })));
  return [served, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('');
}

function parse(text: string): Recorded {
  const [served, ...lines] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { served, answers: Object.groupBy(lines, ({ what }) => what) as Answers };
}
