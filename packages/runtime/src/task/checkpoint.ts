/** Makes what a task has done durable, between two record batches. */
export interface Checkpoint {
  /** The (monotonic) time at which the next commit is due; Infinity while there is nothing to commit. */
  readonly dueMs: number;
  /** @throws what ends the task: what was done since the last commit does not count then. */
  commit(): Promise<void>;
}
