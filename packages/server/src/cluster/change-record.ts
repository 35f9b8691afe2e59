import type { CatalogChange, NameSpace } from '@millrace/catalog';
import { MillraceError } from '@millrace/core';
import type { SharedRecord } from './shared-topic.ts';

/** Raised when records change so that older servers cannot read them. */
const formatVersion = 1;

interface Content {
  readonly format: number;
  readonly kind: NonNullable<CatalogChange['content']>['kind'];
  readonly definition: unknown;
}

/** Before the name in the keys of what is neither stream nor view: no name begins so, for it is not UTF-8. */
const spaceMark = 0xff;
const spaceCodes: Readonly<Record<Exclude<NameSpace, 'relation'>, number>> = { pipe: 1, 'pipe plugin': 2 };

/** A change as a record: its name is the key, so that of each name the last change stays for ever. */
export function changeRecord({ space, name, content }: CatalogChange, id: string): Omit<SharedRecord, 'offset'> {
  const value: Content | null = content && {
    format: formatVersion,
    kind: content.kind,
    definition: JSON.parse(content.definition) as unknown,
  };
  return { key: keyOf(space, name), value: value && Buffer.from(JSON.stringify(value)), id };
}

function keyOf(space: NameSpace, name: string): Buffer {
  const bytes = Buffer.from(name);
  return space === 'relation' ? bytes : Buffer.concat([Buffer.of(spaceMark, spaceCodes[space]), bytes]);
}

/** @throws {MillraceError} CATALOG_INVALID */
function nameOf(key: Buffer, offset: number): Pick<CatalogChange, 'space' | 'name'> {
  if (key[0] !== spaceMark) return { space: 'relation', name: key.toString() };
  const space = (Object.keys(spaceCodes) as (keyof typeof spaceCodes)[]).find((candidate) => spaceCodes[candidate] === key[1]);
  const name = key.toString('utf8', 2);
  if (space === undefined) throw unknownForm(name, offset, null);
  return { space, name };
}

/** @throws {MillraceError} CATALOG_INVALID for a record that no server of this version or an older one has written */
export function readChange({ key, value, offset }: SharedRecord): CatalogChange {
  const named = nameOf(key, offset);
  if (value === null) return { ...named, content: null };
  const content = contentOf(value);
  if (content?.format !== formatVersion) throw unknownForm(named.name, offset, content?.format ?? null);
  return { ...named, content: { kind: content.kind, definition: JSON.stringify(content.definition) } };
}

function unknownForm(name: string, offset: number, format: number | null): MillraceError {
  return new MillraceError('CATALOG_INVALID', `the catalog of the cluster has ${JSON.stringify(name)} in a form unknown to this server`, {
    hint: 'run the version of Millrace that the other servers of the cluster run',
    details: { offset, format, supported: formatVersion },
  });
}

function contentOf(value: Buffer): Content | undefined {
  try {
    return JSON.parse(value.toString()) as Content;
  } catch {
    return undefined;
  }
}
