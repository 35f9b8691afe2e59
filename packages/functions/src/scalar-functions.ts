import { bitwise } from './arithmetic/bitwise.ts';
import { divide } from './arithmetic/divide.ts';
import { e, mathematics, pi, pow } from './arithmetic/mathematics.ts';
import { intDivide, modulo } from './arithmetic/modulo.ts';
import { minus, multiply, negate, plus } from './arithmetic/plus-minus-multiply.ts';
import { ceil, floor, round, trunc } from './arithmetic/round.ts';
import { abs, floatPredicates, sign } from './arithmetic/sign.ts';
import { arrayJoin } from './array/array-join.ts';
import { array, arrayElement } from './array/array-values.ts';
import { arrayConcat, arrayDistinct, arrayReverse, arraySlice, arrayStringConcat, has, indexOf } from './array/arrays.ts';
import { higherOrder } from './array/higher-order.ts';
import { map, mapContains, mapElement, mapKeys, mapValues } from './array/maps.ts';
import { tuple, tupleElement } from './array/tuples.ts';
import { comparisons } from './comparison/compare.ts';
import { isIn, isNotIn } from './comparison/in.ts';
import { coalesce, conditional, ifNull, multiIf, nullIf } from './conditional/conditional.ts';
import { greatest, least } from './conditional/extremes.ts';
import { isNotNull, isNull } from './conditional/null-tests.ts';
import { accurateCast } from './conversion/accurate-cast.ts';
import { toDateTime, toDateTime64, toTime, toTimeZone } from './conversion/time-conversions.ts';
import { cast, toStringFunction, toTypeName } from './conversion/to-string.ts';
import { typeConversions } from './conversion/type-conversions.ts';
import type { ScalarFunction } from './definition.ts';
import { base64Decode, base64Encode, hex, unhex } from './hash/encodings.ts';
import { cityHash, digests } from './hash/hashes.ts';
import { rand, rand64, uuid } from './identity/random.ts';
import { isValidJson, jsonExtractions, jsonPath, jsonValue } from './json/json-functions.ts';
import { and, not, or, xor } from './logic/logic.ts';
import { likes } from './regex/like.ts';
import { extract, extractAll, match, replaceRegex } from './regex/regex.ts';
import { lower, upper } from './string/case.ts';
import { concat, format } from './string/concat.ts';
import { empty, length, lengthUtf8, notEmpty } from './string/length.ts';
import { replace, replaceOne, splitByString } from './string/replace.ts';
import { endsWith, left, position, repeat, reverse, right, startsWith, substring } from './string/substring.ts';
import { trim, trimLeft, trimRight } from './string/trim.ts';
import { dateAdd, dateDiff, dateSub } from './time/date-arithmetic.ts';
import { formatDateTimeFunction } from './time/format-datetime.ts';
import { earliestTimestamp, now, now64, today } from './time/now.ts';
import { parseDateTimeFunction } from './time/parse-datetime.ts';
import { timeParts } from './time/parts.ts';
import { dateTrunc, starting } from './time/truncate.ts';
import { fromUnixTimestamps, unixTimestamps } from './time/unix-timestamps.ts';

/** Every scalar function and operator, by family. */
// biome-ignore format: one family a line
export const allScalarFunctions: readonly ScalarFunction[] = [
  plus, minus, multiply, divide, modulo, intDivide, negate, abs, sign, ...floatPredicates, round, floor, ceil, trunc,
  pow, pi, e, ...mathematics, ...bitwise,
  ...comparisons, isIn, isNotIn,
  and, or, not, xor,
  conditional, multiIf, coalesce, ifNull, nullIf, isNull, isNotNull, greatest, least,
  length, lengthUtf8, empty, notEmpty, lower, upper, trim, trimLeft, trimRight, concat, format, substring, left, right, position, startsWith, endsWith, repeat, reverse, replace, replaceOne, splitByString,
  ...likes, match, extract, extractAll, replaceRegex,
  toStringFunction, ...typeConversions, toDateTime, toDateTime64, toTime, cast, accurateCast, toTypeName,
  now, now64, today, earliestTimestamp, ...timeParts, ...starting, dateTrunc, dateAdd, dateSub, dateDiff, ...unixTimestamps, ...fromUnixTimestamps, formatDateTimeFunction, parseDateTimeFunction, toTimeZone,
  ...jsonExtractions, jsonPath, jsonValue, isValidJson,
  array, arrayElement, arrayJoin, has, indexOf, arrayConcat, arrayDistinct, arrayReverse, arraySlice, arrayStringConcat, ...higherOrder,
  tuple, tupleElement, map, mapElement, mapKeys, mapValues, mapContains,
  cityHash, ...digests, hex, unhex, base64Encode, base64Decode,
  uuid, rand, rand64,
];
