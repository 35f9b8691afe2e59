import { MillraceError } from '@millrace/core';
import type { Admin, KafkaClient, OffsetSpec, PartitionOffset, TopicMetadata } from '@millrace/kafka-client';
import { Command, Flags } from '@oclif/core';
import { ApiClient } from './api/client.ts';
import { reportAndExit } from './report-error.ts';
import { serverUrl } from './server-url.ts';

/** What every command has: `--json` with a stable shape (what `run` returns), and errors in one form. */
export abstract class BaseCommand extends Command {
  static override readonly enableJsonFlag: boolean = true;
  static override readonly baseFlags = {
    debug: Flags.boolean({ description: 'print the stack of an error', helpGroup: 'GLOBAL' }),
  };

  protected override async init(): Promise<void> {
    await super.init();
    // Else a missing argument is taken from stdin, which belongs to the statements and rows that commands read.
    for (const arg of Object.values(this.ctor.args)) arg.ignoreStdin = true;
  }

  protected override catch(thrown: Error): Promise<never> {
    return reportAndExit(thrown);
  }
}

/** A command that speaks to a running server. */
export abstract class ClientCommand extends BaseCommand {
  static override readonly baseFlags = {
    ...BaseCommand.baseFlags,
    url: Flags.string({ description: 'address of the server', env: 'MILLRACE_URL', default: 'http://127.0.0.1:3218', helpGroup: 'GLOBAL' }),
  };

  protected client(flags: { readonly url: string }): ApiClient {
    return new ApiClient(serverUrl(flags.url));
  }
}

/** A command that speaks to a Kafka cluster directly: the embedded broker, Apache Kafka, any. */
export abstract class KafkaCommand extends BaseCommand {
  static override readonly baseFlags = {
    ...BaseCommand.baseFlags,
    brokers: Flags.string({
      description: 'host:port of the cluster, separated by commas; default kafka.brokers of the configuration, else 127.0.0.1:9092',
      helpGroup: 'GLOBAL',
    }),
    'config-file': Flags.string({
      description: 'configuration file with the keys of kafka.ssl and kafka.sasl (YAML)',
      helpGroup: 'GLOBAL',
    }),
  };

  /** As {@link withCluster}, for work on one topic. @throws {MillraceError} KAFKA_TOPIC_UNKNOWN */
  protected withTopic<T>(flags: ClusterFlags, topic: string, work: (cluster: Cluster) => Promise<T>): Promise<T> {
    return this.withCluster(flags, work).catch((error: unknown) => sayIfUnknown(topic, error));
  }

  /** Connects, does the work, disconnects. */
  protected async withCluster<T>(flags: ClusterFlags, work: (cluster: Cluster) => Promise<T>): Promise<T> {
    const [kafka, { clusterOptions, loadConfiguration }] = await Promise.all([
      import('@millrace/kafka-client'),
      import('@millrace/server'),
    ]);
    const { values } = loadConfiguration({
      flags: { 'kafka.brokers': flags.brokers },
      environment: process.env,
      file: flags['config-file'],
    });
    const cluster = clusterOptions(values);
    const brokers = cluster.brokers.length > 0 ? cluster.brokers : [`127.0.0.1:${values['broker.port']}`];
    const options = { ...cluster, brokers, clientId: 'millrace-cli' };
    const [admin, client] = [kafka.createAdmin(options), new kafka.KafkaClient(options)];
    try {
      return await work({
        admin,
        client,
        metadata: async (topic) => (await client.metadata([topic]))[0]!,
        offsets: (topic, partitions, spec) => kafka.listOffsets(client, topic, partitions, spec),
        commit: (groupId, offsets) => kafka.commitOffsets(new kafka.Coordinator(client, groupId), offsets),
      });
    } finally {
      await Promise.all([admin.close(), client.close()]);
    }
  }
}

/** Kafka's own words are for those who know its protocol. */
function sayIfUnknown(topic: string, error: unknown): never {
  if (!(error instanceof MillraceError) || error.code !== 'KAFKA_TOPIC_UNKNOWN') throw error;
  throw new MillraceError(error.code, `there is no topic ${topic}`, { cause: error, hint: '`millrace topic list` lists them' });
}

/** Which cluster a command is for; what is left out comes from the configuration. */
interface ClusterFlags {
  readonly brokers?: string | undefined;
  readonly 'config-file'?: string | undefined;
}

/** What commands do with a cluster. */
export interface Cluster {
  readonly client: KafkaClient;
  readonly admin: Admin;
  metadata(topic: string): Promise<TopicMetadata>;
  offsets(topic: string, partitions: readonly number[], spec: OffsetSpec): Promise<number[]>;
  /** Writes offsets of a group that has no members. */
  commit(groupId: string, offsets: readonly PartitionOffset[]): Promise<void>;
}
