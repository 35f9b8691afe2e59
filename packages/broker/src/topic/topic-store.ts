import { type Disk, MillraceError } from '@millrace/core';
import { isWhole, readStored } from '../log/stored-json.ts';
import { refuseTopicConfig, type TopicConfigOverrides } from './topic-config.ts';
import { refuseTopicName } from './topic-name.ts';

/** What is written down of a topic. */
export interface StoredTopic {
  readonly id: string;
  readonly name: string;
  readonly partitionCount: number;
  /** Absent where it was made before there could be more than one replica. */
  readonly replicationFactor?: number;
  readonly configs: TopicConfigOverrides;
}

const fileName = 'topic.json';
const deletedEnding = '.deleted';

/**
 * The directory of topics: one directory each, named by the topic's id, so that a topic made anew never meets the files of
 * its namesake. A topic exists once its `topic.json` does, and is gone once its directory is renamed.
 */
export class TopicStore {
  readonly #disk: Disk;
  readonly #directory: string;

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
  }

  /**
   * All topics; what a crash left half made or half deleted is removed.
   * @throws {MillraceError} BROKER_DATA_DIRECTORY_INVALID, DISK_IO
   */
  load(): StoredTopic[] {
    this.#disk.makeDirectory(this.#directory);
    const topics: StoredTopic[] = [];
    for (const name of this.#disk.list(this.#directory)) {
      const path = `${this.#directory}/${name}`;
      if (name.endsWith(deletedEnding)) this.#disk.remove(path);
      else if (this.#disk.exists(`${path}/${fileName}`)) topics.push(this.#read(path, name));
      else this.#removeHalfMade(path);
    }
    return topics;
  }

  save(topic: StoredTopic): void {
    const path = `${this.#directory}/${topic.id}`;
    this.#disk.makeDirectory(path);
    this.#disk.replaceFile(`${path}/${fileName}`, Buffer.from(`${JSON.stringify(topic, null, 2)}\n`));
  }

  remove(id: string): void {
    const path = `${this.#directory}/${id}`;
    this.#disk.rename(path, `${path}${deletedEnding}`);
    this.#disk.remove(`${path}${deletedEnding}`);
  }

  partitionDirectory(id: string, index: number): string {
    return `${this.#directory}/${id}/${index}`;
  }

  #read(path: string, id: string): StoredTopic {
    return readStored<StoredTopic>(this.#disk, `${path}/${fileName}`, (stored) => stored.id === id && isLegal(stored));
  }

  /** The first that is made of a topic is its file, so where it is missing beside partitions somebody took it away. */
  #removeHalfMade(path: string): void {
    if (this.#disk.list(path).some((name) => /^\d+$/.test(name))) {
      throw new MillraceError('BROKER_DATA_DIRECTORY_INVALID', `${path} has partitions but no ${fileName}`, {
        details: { path },
        hint: 'restore it from a copy, or move the directory away',
      });
    }
    this.#disk.remove(path);
  }
}

function isLegal({ name, partitionCount, replicationFactor = 1, configs }: StoredTopic): boolean {
  const isNamed = refuseTopicName(name) === undefined;
  const isConfigured = Object.entries(configs).every(([key, value]) => refuseTopicConfig(key, value) === undefined);
  return isNamed && isConfigured && isWhole(partitionCount) && partitionCount > 0 && isWhole(replicationFactor) && replicationFactor > 0;
}
