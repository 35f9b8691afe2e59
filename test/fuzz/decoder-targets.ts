import type { SeededRandom } from '@millrace/core';
import {
  apisByKey,
  decodeAssignment,
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  decodeStickyUserData,
  decodeSubscription,
} from '@millrace/kafka-protocol';
import { form, request, response } from './messages.ts';
import { mutated } from './mutate.ts';
import { refusesOrReads, type Target } from './target.ts';

/** Every API in every version, as the broker reads requests. An input is a frame without its size. */
export const requestDecoder: Target = {
  name: 'request',
  make(random) {
    const frame = request(form(random), random);
    if (random.below(4) === 0) return mutated(frame, random, request(form(random), random));
    // With the header as it is, what follows is read as what it was.
    const headed = decodeRequestHeader(frame).bodyOffset;
    const body = mutated(frame.subarray(headed), random, request(form(random), random));
    return Buffer.concat([frame.subarray(0, headed), body]);
  },
  run(frame) {
    refusesOrReads(() => {
      const { apiKey, apiVersion, bodyOffset } = decodeRequestHeader(frame);
      const api = apisByKey.get(apiKey);
      if (api !== undefined) decodeRequest(api, apiVersion, frame, bodyOffset);
    });
    for (const decode of [decodeSubscription, decodeAssignment, decodeStickyUserData]) refusesOrReads(() => decode(frame));
  },
};

/** Every API in every version, as the client reads responses. An input is the key and the version, then a frame without its size. */
export const responseDecoder: Target = {
  name: 'response',
  make(random: SeededRandom) {
    const asked = form(random);
    const head = Buffer.alloc(4);
    head.writeInt16BE(asked.api.key, 0);
    head.writeInt16BE(asked.version, 2);
    return Buffer.concat([head, mutated(response(asked, random), random, response(form(random), random))]);
  },
  run(input) {
    if (input.length < 4) return;
    const api = apisByKey.get(input.readInt16BE(0));
    if (api !== undefined) refusesOrReads(() => decodeResponse(api, input.readInt16BE(2), input.subarray(4)));
  },
};
