import type { AttributeDescription, StageKind } from '@millrace/sdk';

/** A plugin as SHOW PIPEPLUGINS and `pipeplugin describe` show it: plain data. */
export interface PluginDescription {
  /** As pipes name it; of a package that cannot be loaded the name of its file. */
  readonly name: string;
  readonly aliases: readonly string[];
  /** null = not known, the package cannot be loaded. */
  readonly kind: StageKind | null;
  /** Under which name its module exports it; `default` for a default export. */
  readonly exportName: string;
  /** Name of the package in the library directory; null for what is built in. */
  readonly packageFile: string | null;
  /** Package and version, and for packages of users the beginning of their SHA-256. */
  readonly origin: string;
  readonly summary: string;
  readonly attributes: Readonly<Record<string, AttributeDescription>>;
  /** Why it cannot be used; null = it can. */
  readonly error: string | null;
  readonly isBuiltIn: boolean;
}

/** What a module says of one of its exports: a {@link PluginDescription} without what only the host knows. */
export type ExportDescription = Pick<PluginDescription, 'name' | 'aliases' | 'exportName' | 'summary' | 'attributes'> & {
  readonly kind: StageKind;
};

/** What CREATE PIPEPLUGIN has put into the library directory: plain data, to be kept in the catalog. */
export interface InstalledPlugin {
  /** As pipes name it: the statement's, not the definition's own. */
  readonly name: string;
  readonly exportName: string;
  /** Its folder or file in the library directory. */
  readonly packageFile: string;
  readonly uri: string;
  /** Of the package file, or of all files of a folder, in hexadecimal. */
  readonly sha256: string;
}

/** What CREATE PIPEPLUGIN asks for. */
export type InstallRequest = Pick<InstalledPlugin, 'name' | 'exportName' | 'uri'>;
