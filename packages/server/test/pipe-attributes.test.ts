import { MillraceError } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { checkPipeName, pipeNames } from '../src/pipes/pipe-names.ts';
import { modifyAttributes, pipeOptions, pluginAttributes, printAttributes, stageDefinition } from '../src/pipes/stage-attributes.ts';
import { connectorIdentity } from '../src/pipes/stage-requests.ts';

const stage = { plugin: 'x', attributes: {} };

describe('the name of a pipe', () => {
  it.each(['.', '..', '/x', 'a/b', 'a\\b'])('is not %s', (name) => {
    expect(() => checkPipeName(name)).toThrow(MillraceError);
  });

  it('is not longer than those of its topics may be', () => {
    expect(() => checkPipeName('x'.repeat(229))).not.toThrow();
    expect(() => checkPipeName('x'.repeat(230))).toThrow('too long: its topics would have names of 250 characters, Kafka takes 249');
  });

  it.each(['Pipe_1', 'null', '33', '中文', 'with', 'a.b', '...', ' '])('may be %s', (name) => {
    expect(() => checkPipeName(name)).not.toThrow();
  });

  it('stands in the names of what it keeps in Kafka', () => {
    expect(pipeNames('a2b')).toEqual({
      groupId: 'millrace.pipe.a2b',
      stateTopic: 'millrace.pipe.a2b.state',
      deadLetterTopic: 'millrace.dlq.pipe.a2b',
    });
    expect(pipeNames('中').groupId).toBe('millrace.pipe.-e4-b8-ad');
  });
});

describe('the attributes of a stage', () => {
  it('name its plugin, by either word of the stage', () => {
    const problems: string[] = [];
    expect(stageDefinition('connector', { sink: 'a', b: 'c' }, problems).plugin).toBe('a');
    expect(stageDefinition('connector', { connector: 'a' }, problems).plugin).toBe('a');
    expect(stageDefinition('extractor', {}, problems).plugin).toBe('iotdb-extractor');
    expect(stageDefinition('processor', {}, problems).plugin).toBe('do-nothing-processor');
    expect(problems).toEqual([]);
    stageDefinition('connector', { host: 'x' }, problems);
    stageDefinition('extractor', { extractor: 'a', source: 'b' }, problems);
    expect(problems).toEqual([
      `'connector' is missing: it names the plugin, as in 'connector' = 'kafka-connector'`,
      `'source' and 'extractor' mean the same attribute`,
    ]);
  });

  it('are the plugin’s but for those of the pipe', () => {
    const attributes = { connector: 'a', 'connector.ip': 'x', 'on.error': 'stop', 'sink.auto.restart': 'true', port: '1' };
    expect(pluginAttributes('connector', attributes)).toEqual({ 'connector.ip': 'x', port: '1' });
    const odd = { constructor: 'a', 'connector.toString': 'b' };
    expect(pluginAttributes('connector', odd)).toEqual(odd);
  });

  it('say in any stage what becomes of errors', () => {
    const of = (extractor: Record<string, string>, connector: Record<string, string>) => {
      const problems: string[] = [];
      const pipe = { extractor: { plugin: '', attributes: extractor }, processor: stage, connector: { plugin: '', attributes: connector } };
      return { ...pipeOptions(pipe, problems), problems };
    };
    expect(of({}, {})).toEqual({ onError: 'stop', autoRestart: false, problems: [] });
    expect(of({ 'source.on.error': 'dead-letter' }, { 'auto.restart': 'true' })).toEqual({
      onError: 'dead-letter',
      autoRestart: true,
      problems: [],
    });
    expect(of({ 'on.error': 'skip' }, { 'connector.on.error': 'stop', 'auto.restart': 'yes' }).problems).toEqual([
      `'on.error' = 'skip' is not known; legal: stop or dead-letter`,
      `'connector.on.error' and 'on.error' mean the same attribute`,
      `'auto.restart' = 'yes' is not known; legal: true or false`,
    ]);
  });

  it('are modified by what they mean, however they are written', () => {
    const before = { sink: 'a', 'connector.ip': '1', port: '2' };
    expect(modifyAttributes('connector', before, { 'sink.ip': '3', user: 'u' })).toEqual({
      sink: 'a',
      port: '2',
      'sink.ip': '3',
      user: 'u',
    });
    expect(modifyAttributes('connector', before, { connector: 'b' })).toEqual({ 'connector.ip': '1', port: '2', connector: 'b' });
  });

  it('are printed as they are written, without secrets', () => {
    const attributes = { connector: 'a', 'connector.password': 'p', url: 'http://u:p@h/x', key: 'k', 'x.secret': 's', tokens: 't' };
    expect(printAttributes('connector', { plugin: 'a', attributes }, (key) => key === 'key')).toBe(
      '{connector=a, connector.password=******, url=http://******@h/x, key=******, x.secret=******, tokens=t}',
    );
    expect(printAttributes('processor', { plugin: 'do-nothing-processor', attributes: {} }, () => false)).toBe(
      '{processor=do-nothing-processor}',
    );
  });

  it('make connectors that are shared if they are equal, whatever their order', () => {
    const identity = (attributes: Record<string, string>) => connectorIdentity({ connector: { plugin: 'a', attributes } });
    expect(identity({ connector: 'a', x: '1', y: '2' })).toBe(identity({ y: '2', x: '1', connector: 'a', 'on.error': 'stop' }));
    expect(identity({ connector: 'a', x: '1' })).not.toBe(identity({ connector: 'a', x: '2' }));
    expect(identity({ connector: 'a', x: '1' })).not.toBe(identity({ connector: 'a' }));
  });
});
