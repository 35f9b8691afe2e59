import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServerError } from '../src/api/errors.ts';
import { resultBytes } from '../src/api/result-bytes.ts';

const text = 'Code: 153. DB::Exception: division by zero. (ILLEGAL_DIVISION)\n1 | SELECT 1 / n\n           ^^^^^\nhint: look at n';
const block = `\r\n__exception__\r\n${text}\r\n__exception__\r\n`;

/** What comes through of a body that arrives in these pieces: the bytes, and the error that ends them. */
async function pass(pieces: readonly string[], format: string): Promise<{ data: string; error: unknown }> {
  const parts: Buffer[] = [];
  const body = (async function* () {
    for (const piece of pieces) yield Buffer.from(piece, 'latin1');
  })();
  try {
    for await (const bytes of resultBytes(body, format)) parts.push(bytes);
  } catch (error) {
    return { data: Buffer.concat(parts).toString('latin1'), error };
  }
  return { data: Buffer.concat(parts).toString('latin1'), error: null };
}

/** The text cut at random places. */
const cuts = fc.array(fc.nat(400), { maxLength: 8 });
function cut(whole: string, at: readonly number[]): string[] {
  const places = [0, ...at.filter((place) => place < whole.length), whole.length].sort((a, b) => a - b);
  return places.slice(1).map((place, index) => whole.slice(places[index], place));
}

describe('resultBytes', () => {
  it.each([
    ['TabSeparated', '1\ta\n2\tb\n', block],
    ['PrettyCompact', '┌─n─┐\n│ 1 │\n└───┘\n', block],
    ['JSONEachRow', '{"n":1}\n{"n":2}\n', `${JSON.stringify({ exception: text })}\n`],
    ['JSONCompactEachRow', '', `${JSON.stringify({ exception: text })}\n`],
    ['JSON', '{"meta":[],"data":[{"n":1}', `],"exception":${JSON.stringify(text)}}\n`],
  ])('takes the exception off the end of %s, however the bytes are cut', async (format, rows, exception) => {
    const given = Buffer.from(rows).toString('latin1');
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        const { data, error } = await pass(cut(given + exception, at), format);
        expect(data).toBe(given);
        expect(error).toBeInstanceOf(ServerError);
        expect(error).toMatchObject({ number: 153, codeName: 'ILLEGAL_DIVISION', message: 'division by zero', hint: 'look at n' });
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['a row that looks like an exception but is not the last', 'JSONEachRow', '{"exception":"Code: 1"}\n{"exception":"x"}\n'],
    ['a last row of another form', 'JSONEachRow', '{"exception":"no code"}\n'],
    ['half a marker', 'CSV', 'a,b\r\n__exce'],
    ['a marker without its end', 'CSV', '"\r\n__exception__\r\n"\n'],
    ['a last line without end', 'JSONEachRow', '{"n":1}\n{"n":2}'],
  ])('passes on %s', async (_, format, body) => {
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        expect(await pass(cut(body, at), format)).toEqual({ data: body, error: null });
      }),
      { numRuns: 60 },
    );
  });

  it('passes each row on as soon as it is there', async () => {
    const bytes = resultBytes(
      (async function* () {
        yield Buffer.from('{"n":1}\n');
        yield Buffer.from('{"n":2}\n');
      })(),
      'JSONEachRow',
    );
    expect(String((await bytes.next()).value)).toBe('{"n":1}\n');
  });
});

describe('ServerError', () => {
  it('takes an answer of another form as the message', () => {
    expect(new ServerError('<html>404</html>\n')).toMatchObject({ message: '<html>404</html>', number: 0, codeName: '', hint: undefined });
  });

  it('keeps sentences of the message together', () => {
    expect(new ServerError('Code: 36. DB::Exception: a. b (c). (BAD_ARGUMENTS)')).toMatchObject({
      message: 'a. b (c)',
      codeName: 'BAD_ARGUMENTS',
      frame: undefined,
    });
  });
});
