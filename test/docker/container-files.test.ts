import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { root } from '../architecture/workspace.ts';

/** One instruction of a Dockerfile: continuation lines joined, comments left out. */
interface Instruction {
  readonly keyword: string;
  readonly text: string;
}

function parseDockerfile(text: string): Instruction[] {
  const lines = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const [, keyword, rest] = line.match(/^([A-Z]+)\s+(.*)$/) ?? [];
    if (keyword === undefined) throw new Error(`not an instruction: ${line}`);
    return { keyword, text: rest!.trim() };
  });
}

const dockerfile = parseDockerfile(readFileSync(join(root, 'docker/Dockerfile'), 'utf8'));
const compose = parse(readFileSync(join(root, 'docker/compose.yaml'), 'utf8'));
const settings = parse(readFileSync(join(root, 'docker/millrace.yaml'), 'utf8'));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const all = (keyword: string) => dockerfile.filter((instruction) => instruction.keyword === keyword).map(({ text }) => text);

describe('docker/Dockerfile', () => {
  it('builds in one stage and runs in another, on the Node that the workspace pins', () => {
    const major = manifest.devDependencies.node.split('.')[0];
    expect(all('FROM')).toEqual([`node:${major}-bookworm AS build`, `node:${major}-bookworm-slim`]);
  });

  it('copies only paths that exist', () => {
    const sources = all('COPY')
      .filter((text) => !text.includes('--from='))
      .flatMap((text) =>
        text
          .replace(/--\S+\s+/g, '')
          .split(/\s+/)
          .slice(0, -1),
      );
    expect(sources.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(sources).toContain('package-lock.json');
  });

  it('copies all workspaces, to the build and from it', () => {
    const folders = (manifest.workspaces as string[]).map((path) => path.split('/')[0]!).filter((path) => path !== 'test');
    for (const path of folders) expect(all('COPY')).toContain(`${path} ${path}`);
    for (const path of folders) expect(all('COPY')).toContain(`--from=build --chown=root:root /build/${path} ${path}`);
  });

  it('runs only scripts that the workspace has', () => {
    const scripts = all('RUN').flatMap((text) => [...text.matchAll(/npm run (\S+)/g)].map((match) => match[1]!));
    expect(scripts.filter((script) => !(script in manifest.scripts))).toEqual([]);
  });

  it('runs as a user of its own, and what it starts exists', () => {
    const lastStage = dockerfile.slice(dockerfile.findLastIndex(({ keyword }) => keyword === 'FROM'));
    expect(lastStage.find(({ keyword }) => keyword === 'USER')?.text).toBe('millrace');
    const entry = JSON.parse(all('ENTRYPOINT')[0]!) as string[];
    expect(existsSync(join(root, entry[1]!))).toBe(true);
  });

  it('checks the health of the port that the configuration opens', () => {
    expect(all('HEALTHCHECK')[0]).toContain(`127.0.0.1:${settings.http.port}/healthz`);
    expect(all('EXPOSE')[0]!.split(' ')).toContain(String(settings.http.port));
  });

  it('keeps its data on the volume', () => {
    expect(all('VOLUME')).toEqual([settings.data_dir]);
  });
});

describe('docker/compose.yaml', () => {
  const { kafka, millrace } = compose.services;

  it('builds from files that exist', () => {
    expect(existsSync(join(root, 'docker', millrace.build.context, millrace.build.dockerfile))).toBe(true);
  });

  it('points Millrace at the listener that Apache Kafka advertises', () => {
    const advertised = kafka.environment.KAFKA_ADVERTISED_LISTENERS.replace('PLAINTEXT://', '');
    expect(millrace.environment.MILLRACE_KAFKA_BROKERS).toBe(advertised);
    expect(advertised.split(':')[0]).toBe('kafka');
  });

  it('publishes the configured port on loopback only', () => {
    expect(millrace.ports).toEqual([`127.0.0.1:${settings.http.port}:${settings.http.port}`]);
  });

  it('mounts only volumes that it declares', () => {
    const used = [kafka, millrace].flatMap(({ volumes }) => volumes.map((volume: string) => volume.split(':')[0]));
    expect(used.sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  it('runs the version of Apache Kafka that the tests run', async () => {
    const { apacheKafkaVersion } = await import('../kafka/apache-kafka.ts');
    expect(kafka.image).toBe(`apache/kafka:${apacheKafkaVersion}`);
  });
});
