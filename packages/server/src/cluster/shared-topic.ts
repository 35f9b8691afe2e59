/** A record of the topic that holds the catalog of a cluster. */
export interface SharedRecord {
  readonly offset: number;
  readonly key: Buffer;
  /** Null: the key is gone. */
  readonly value: Buffer | null;
  /** Names the change that it is, whatever became of whoever wrote it. */
  readonly id: string;
}

export interface SharedReader {
  /** Waits for more. */
  next(): Promise<{ readonly records: readonly SharedRecord[]; readonly nextOffset: number }>;
  close(): Promise<void>;
}

export interface SharedWriter {
  /**
   * Writes all records or none: they are in the topic when it resolves. After an error only the topic tells whether they are.
   * @throws {MillraceError} KAFKA_FENCED if another one has taken over since
   */
  write(records: readonly Omit<SharedRecord, 'offset'>[]): Promise<void>;
  close(): Promise<void>;
}

/** The topic that holds the catalog of a cluster: one partition, one writer at a time, of each key the last record for ever. */
export interface SharedTopic {
  readonly name: string;
  /** Makes it, if there is none. @throws {MillraceError} CONFIG_INVALID if it is one that forgets */
  make(): Promise<void>;
  /** The offset behind everything that is decided. */
  end(): Promise<number>;
  /** Reads from the first record that is left at an offset or behind it. */
  read(from: number): SharedReader;
  /** Takes the right to write from whoever has it: what that one has not finished by now comes to nothing. */
  takeOver(): Promise<SharedWriter>;
}
