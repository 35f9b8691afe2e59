import { type MaterializedViewDefinition, topicNameOf } from '@millrace/catalog';

/** What a materialized view is called in Kafka: by its name, as topics are, and its id where a view of the same name must not find it. */
export function viewNames(name: string, id: string) {
  const encoded = topicNameOf(name);
  return {
    /** What names of its tasks begin with. */
    base: `millrace.${encoded}`,
    groupId: `millrace.view.${encoded}`,
    transactionalId: `millrace.${encoded}.0`,
    changelogTopic: `millrace.changelog.${encoded}.${id}`,
    deadLetterTopic: `millrace.dlq.view.${encoded}`,
    replayTopic: `millrace.replay.view.${encoded}`,
  };
}

/** True if records that the view cannot process become dead letters. */
export function keepsDeadLetters({ settings }: Pick<MaterializedViewDefinition, 'settings'>): boolean {
  return settings['recovery_policy'] === 'best_effort';
}
