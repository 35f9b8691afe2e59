import type { CatalogChange } from '@millrace/catalog';
import { MillraceError } from '@millrace/core';
import type { SharedRecord } from './shared-topic.ts';

/** Raised when records change so that older servers cannot read them. */
const formatVersion = 1;

interface Content {
  readonly format: number;
  readonly kind: NonNullable<CatalogChange['relation']>['kind'];
  readonly definition: unknown;
}

/** A change as a record: its name is the key, so that of each name the last change stays for ever. */
export function changeRecord({ name, relation }: CatalogChange, id: string): Omit<SharedRecord, 'offset'> {
  const content: Content | null = relation && {
    format: formatVersion,
    kind: relation.kind,
    definition: JSON.parse(relation.definition) as unknown,
  };
  return { key: Buffer.from(name), value: content && Buffer.from(JSON.stringify(content)), id };
}

/** @throws {MillraceError} CATALOG_INVALID for a record that no server of this version or an older one has written */
export function readChange({ key, value, offset }: SharedRecord): CatalogChange {
  const name = key.toString();
  if (value === null) return { name, relation: null };
  const content = contentOf(value);
  if (content?.format !== formatVersion) {
    throw new MillraceError('CATALOG_INVALID', `the catalog of the cluster has ${JSON.stringify(name)} in a form unknown to this server`, {
      hint: 'run the version of Millrace that the other servers of the cluster run',
      details: { offset, format: content?.format ?? null, supported: formatVersion },
    });
  }
  return { name, relation: { kind: content.kind, definition: JSON.stringify(content.definition) } };
}

function contentOf(value: Buffer): Content | undefined {
  try {
    return JSON.parse(value.toString()) as Content;
  } catch {
    return undefined;
  }
}
