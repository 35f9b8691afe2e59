import { type AttributeValues, a } from '@millrace/sdk';
import type { Endpoint } from './rpc/structs.ts';

const defaultPort = 6667;
const nodeUrl = a.string({ pattern: /(?:\[[\da-fA-F:.]+\]|[^\s:,[\]]+):\d{1,5}/, legal: 'host:port' });

const shape = {
  ip: a
    .string({ pattern: /[^\s,]+/, legal: 'a host name or an address' })
    .describe('host of a DataNode of the target; this or `node-urls`')
    .example('127.0.0.1')
    .alias('host', 'thrift.host')
    .optional(),
  port: a
    .integer({ min: 1, max: 65_535 })
    .describe(`port of its RPC service; ${defaultPort} where only \`ip\` is given`)
    .example('6667')
    .alias('thrift.port')
    .optional(),
  'node-urls': a
    .list(nodeUrl)
    .describe('any number of DataNodes of the target: the first one that answers is written to')
    .example('127.0.0.1:6667,127.0.0.1:6668')
    .optional(),
  user: a.string().describe('who writes').alias('username').default('root'),
  password: a.secret().describe('the password of `user`').default('root'),
  'rejected-values': a
    .choice('report', 'fail')
    .describe(
      'what is done about values that IoTDB does not take, mostly for their type: they are left out and reported, or their rows fail',
    )
    .default('report'),
};

/** What both connectors are told. */
export type TargetAttributes = AttributeValues<typeof shape>;

export const targetAttributes = a.object(shape).check(problemsOf);

/** The nodes in the order in which they are tried. */
export function endpointsOf({ ip, port, 'node-urls': urls = [] }: TargetAttributes): Endpoint[] {
  const single = ip === undefined ? [] : [{ ip: withoutBrackets(ip), port: port ?? defaultPort }];
  return [...single, ...urls.map(parseNodeUrl)];
}

function problemsOf({ ip, port, 'node-urls': urls }: TargetAttributes): string[] {
  const problems: string[] = [];
  if (ip === undefined && urls === undefined) problems.push("'ip' and 'port', or 'node-urls', must be given");
  if (ip === undefined && port !== undefined) problems.push("'port' needs 'ip'");
  for (const url of urls ?? []) {
    const { port: number } = parseNodeUrl(url);
    if (number < 1 || number > 65_535) problems.push(`'node-urls': ports are 1 … 65535, not ${number} as in ${url}`);
  }
  return problems;
}

function parseNodeUrl(url: string): Endpoint {
  const colon = url.lastIndexOf(':');
  return { ip: withoutBrackets(url.slice(0, colon)), port: Number(url.slice(colon + 1)) };
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
