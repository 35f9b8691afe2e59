type Version = readonly [major: number, minor: number, patch: number];

interface Bound {
  readonly operator: string;
  readonly version: Version;
  /** How many of its numbers were given. */
  readonly given: number;
}

/**
 * Whether a version is in a range as npm writes them: `^1.2`, `~1.2`, `1.x`, `>=1.0 <2`, `1 || 2`, `*`. Pre-releases are not told apart.
 * @returns undefined if the range is none
 */
export function isInRange(version: string, range: string): boolean | undefined {
  const found = parseVersion(version)?.version;
  if (found === undefined) return undefined;
  const alternatives = range.split('||').map((part) => boundsOf(part.trim()));
  if (alternatives.some((bounds) => bounds === undefined)) return undefined;
  return alternatives.some((bounds) => bounds!.every((bound) => isWithin(found, bound)));
}

function boundsOf(part: string): Bound[] | undefined {
  if (part === '' || part === '*' || part === 'x') return [];
  const bounds = part
    .replace(/([<>=~^]+)\s+/g, '$1')
    .split(/\s+/)
    .map(parseBound);
  return bounds.every((bound) => bound !== undefined) ? bounds : undefined;
}

function parseBound(text: string): Bound | undefined {
  const [, operator = '', rest = ''] = /^(\^|~|>=|<=|>|<|=)?v?(.*)$/.exec(text)!;
  const parsed = parseVersion(rest);
  return parsed && { operator, ...parsed };
}

function parseVersion(text: string): Pick<Bound, 'version' | 'given'> | undefined {
  const match = /^(\d+)(?:\.(\d+|[x*]))?(?:\.(\d+|[x*]))?(?:[-+].*)?$/.exec(text);
  if (match === null) return undefined;
  const numbers = match.slice(1).map((part) => (part === undefined || /[x*]/.test(part) ? undefined : Number(part)));
  const given = numbers.indexOf(undefined);
  const [major = 0, minor = 0, patch = 0] = numbers;
  return { version: [major, minor, patch], given: given === -1 ? 3 : given };
}

function isWithin(version: Version, { operator, version: bound, given }: Bound): boolean {
  const order = compare(version, bound);
  switch (operator) {
    case '>=':
      return order >= 0;
    case '>':
      return given === 3 ? order > 0 : compare(version, following(bound, given - 1)) >= 0;
    case '<':
      return order < 0;
    case '<=':
      return given === 3 ? order <= 0 : compare(version, following(bound, given - 1)) < 0;
    case '~':
      return order >= 0 && compare(version, following(bound, given > 1 ? 1 : 0)) < 0;
    case '^': {
      // What stands left of the first number that is not 0 is fixed, and that number too.
      const first = bound.findIndex((number) => number > 0);
      return order >= 0 && compare(version, following(bound, first === -1 ? given - 1 : first)) < 0;
    }
    default:
      return order >= 0 && compare(version, following(bound, given - 1)) < 0;
  }
}

/** The first version behind all that begin as this one does, up to and with the number at `at`. */
function following(version: Version, at: number): Version {
  return version.map((number, i) => (i < at ? number : i === at ? number + 1 : 0)) as unknown as Version;
}

function compare(a: Version, b: Version): number {
  const i = a.findIndex((number, at) => number !== b[at]);
  return i === -1 ? 0 : a[i]! - b[i]!;
}
