import { basename, extname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MillraceError } from '@millrace/core';
import { moduleExtensions } from './plugin-package.ts';

/** Where a package comes from, as CREATE PIPEPLUGIN names it. */
export type PackageUri =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'https'; readonly url: string; readonly fileName: string }
  | { readonly kind: 'npm'; readonly spec: string }
  /** It stands in the library directory already. */
  | { readonly kind: 'library'; readonly fileName: string };

/** What is trusted unless the configuration says otherwise: files of this machine, and names in the library directory. */
const trustedByDefault = /file:.*|[^:/\\]+/;

/** A package of the registry, perhaps with a version: never an option of npm's, a path, or a repository. */
const npmSpec = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*(@[a-z0-9.^~<>=|*+-]+)?$/i;

/** @throws {MillraceError} PLUGIN_URI_REFUSED */
export function parsePackageUri(uri: string, trusted: RegExp = trustedByDefault): PackageUri {
  const whole = new RegExp(`^(?:${trusted.source})$`, trusted.flags);
  const checkTrusted = (text: string) => {
    if (!whole.test(text)) throw refused(uri, `trusted_uri_pattern does not admit ${text === uri ? 'it' : text}: /${trusted.source}/`);
  };
  checkTrusted(uri);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      return { kind: 'library', fileName: checkFileName(uri) };
    case 'file':
      if (climbs(uri)) checkTrusted(uri.startsWith('file://') ? pathToFileURL(filePath(uri)).href : `file:${filePath(uri)}`);
      return { kind: 'file', path: filePath(uri) };
    case 'https':
      if (climbs(uri)) checkTrusted(new URL(uri).href);
      return { kind: 'https', url: uri, fileName: downloadName(uri) };
    case 'npm': {
      const spec = uri.slice('npm:'.length);
      if (!npmSpec.test(spec)) throw refused(uri, 'npm: is followed by the name of a package, and perhaps @version');
      return { kind: 'npm', spec };
    }
    default:
      throw refused(uri, 'packages come by file:, https:, npm:, or are named in the library directory');
  }
}

/** Whether it leads elsewhere than it looks: then both are to be trusted, what is written and where it leads. */
function climbs(uri: string): boolean {
  return uri
    .replace(/%2f|%5c/gi, '/')
    .split(/[/\\:?#]/)
    .some((part) => part.replace(/%2e/gi, '.') === '..');
}

/** The name of something that stands in the library directory itself. @throws {MillraceError} PLUGIN_URI_REFUSED */
export function checkFileName(name: string): string {
  if (/^[^./\\\0][^/\\\0]*$/.test(name)) return name;
  throw refused(name, 'a name in the library directory has no / or \\, and does not begin with a dot');
}

function filePath(uri: string): string {
  try {
    return uri.startsWith('file://') ? fileURLToPath(uri) : resolve(decodeURIComponent(uri.slice('file:'.length)));
  } catch (cause) {
    throw refused(uri, (cause as Error).message);
  }
}

function downloadName(uri: string): string {
  const name = basename(new URL(uri).pathname);
  if (name.endsWith('.tgz') || moduleExtensions.includes(extname(name))) return checkFileName(name);
  throw refused(uri, `what is fetched is a .tgz or one of ${moduleExtensions.join(', ')}`);
}

function refused(uri: string, reason: string): MillraceError {
  return new MillraceError('PLUGIN_URI_REFUSED', `no plugin may come from ${JSON.stringify(uri)}: ${reason}`, { details: { uri } });
}
