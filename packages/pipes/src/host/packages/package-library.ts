import { existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { MillraceError, type Random } from '@millrace/core';
import { fetchPackage, type PackageNetwork } from './fetch-package.ts';
import { packageDigest } from './package-digest.ts';
import { checkFileName, type PackageUri } from './package-uri.ts';
import { moduleExtensions, type PluginPackage, readPackage } from './plugin-package.ts';
import { unpackArchive } from './unpack-archive.ts';

/** A package that stands in the library directory and is whole. */
export interface LibraryPackage extends PluginPackage {
  /** Its folder or file in the library directory. */
  readonly fileName: string;
  readonly sha256: string;
}

const unpackedFolder = '.unpacked';
const npmInstall = ['install', '--omit=dev', '--omit=peer', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
const npmMs = 180_000;

/** The directory with the packages of users. Nothing is read or written outside it but what a URI names. */
export class PackageLibrary {
  readonly #directory: string;
  readonly #network: PackageNetwork;
  readonly #random: Random;

  /** Makes the directory if it is not there. */
  constructor(directory: string, network: PackageNetwork, random: Random) {
    this.#directory = directory;
    this.#network = network;
    this.#random = random;
    mkdirSync(directory, { recursive: true });
  }

  /** Names of what may be packages, sorted. */
  list(): string[] {
    return readdirSync(this.#directory, { withFileTypes: true })
      .filter((entry) => !entry.name.startsWith('.') && entry.name !== 'node_modules')
      .filter((entry) => !entry.isFile() || entry.name.endsWith('.tgz') || moduleExtensions.includes(extname(entry.name)))
      .map(({ name }) => name)
      .sort();
  }

  /** Reads a package: its digest and its manifest. @throws {MillraceError} PLUGIN_INVALID */
  async read(fileName: string): Promise<LibraryPackage> {
    const path = join(this.#directory, checkFileName(fileName));
    if (!existsSync(path)) throw new MillraceError('PLUGIN_INVALID', `${fileName} is not in the library directory ${this.#directory}`);
    const entry = lstatSync(path);
    if (entry.isSymbolicLink())
      throw new MillraceError('PLUGIN_INVALID', `${fileName} is a link: packages stand in the library directory themselves`);
    // Of a pipe nobody may ever write the end.
    if (!entry.isFile() && !entry.isDirectory()) throw new MillraceError('PLUGIN_INVALID', `${fileName} is neither a file nor a folder`);
    const sha256 = await packageDigest(path);
    const readable = fileName.endsWith('.tgz') ? await this.#unpack(path, sha256) : path;
    return { ...readPackage(readable), fileName, sha256 };
  }

  /**
   * Brings a package into the directory, under a name that tells package, version and content.
   * @throws {MillraceError} PLUGIN_UNAVAILABLE, PLUGIN_INVALID
   */
  async put(uri: PackageUri): Promise<LibraryPackage> {
    if (uri.kind === 'library') return this.read(uri.fileName);
    const incoming = join(this.#directory, `.incoming-${this.#random.uuid()}`);
    try {
      const path = await fetchPackage(uri, incoming, this.#network);
      const sha256 = await packageDigest(path);
      const isArchive = path.endsWith('.tgz');
      const readable = isArchive ? await this.#unpack(path, sha256) : path;
      if (uri.kind === 'npm') await this.#network.npm(npmInstall, readable, npmMs);
      const { name, version } = readPackage(readable);
      const extension = isArchive ? '.tgz' : moduleExtensions.includes(extname(path)) ? extname(path) : '';
      const fileName = `${plain(name)}-${plain(version)}-${sha256.slice(0, 8)}${extension}`;
      const target = join(this.#directory, fileName);
      if (!existsSync(target)) await rename(path, target);
      return await this.read(fileName);
    } finally {
      await rm(incoming, { recursive: true, force: true });
    }
  }

  /** Removes a package, if it is there. */
  async remove(fileName: string, sha256: string): Promise<void> {
    await rm(join(this.#directory, checkFileName(fileName)), { recursive: true, force: true });
    await rm(this.#unpackedPath(sha256), { recursive: true, force: true });
  }

  #unpackedPath(sha256: string): string {
    return join(this.#directory, unpackedFolder, sha256.slice(0, 16));
  }

  /** By its content: what was unpacked once need not be again. */
  async #unpack(archive: string, sha256: string): Promise<string> {
    const folder = this.#unpackedPath(sha256);
    if (existsSync(folder)) return folder;
    // Under another name until it is whole: a server that dies meanwhile leaves nothing that looks whole.
    const partial = `${folder}.partial-${basename(archive)}`;
    await rm(partial, { recursive: true, force: true });
    await unpackArchive(archive, partial);
    await rename(partial, folder);
    return folder;
  }
}

function plain(text: string): string {
  return text
    .replace(/^@/, '')
    .replace(/[^a-zA-Z0-9._+-]+/g, '-')
    .replace(/^\.+/, '');
}
