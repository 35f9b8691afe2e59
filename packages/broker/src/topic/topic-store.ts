import { type Disk, MillraceError } from '@millrace/core';
import type { TopicConfigOverrides } from './topic-config.ts';

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

  /** All topics; what a crash left half made or half deleted is removed. */
  load(): StoredTopic[] {
    this.#disk.makeDirectory(this.#directory);
    const topics: StoredTopic[] = [];
    for (const name of this.#disk.list(this.#directory)) {
      const path = `${this.#directory}/${name}`;
      if (name.endsWith(deletedEnding) || !this.#disk.exists(`${path}/${fileName}`)) this.#disk.remove(path);
      else topics.push(this.#read(`${path}/${fileName}`));
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

  #read(path: string): StoredTopic {
    try {
      return JSON.parse(this.#disk.readFile(path).toString()) as StoredTopic;
    } catch (cause) {
      throw new MillraceError('BROKER_DATA_DIRECTORY_INVALID', `${path} is not readable`, { cause, details: { path } });
    }
  }
}
