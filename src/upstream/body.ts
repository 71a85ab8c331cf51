// The body of an answer as JSON, in bounded memory: of all calls of this process together.
import { parseJson } from '../text.ts'
import { collectGarbage } from './collect-garbage.ts'
import { jsonExcess } from './json-bounds.ts'
import { createRoom, type Seat } from './room.ts'
import type { Answer } from './wire.ts'

/** A larger body is hostile or broken: 500 officers or 5,000 search results take under 4 MB. */
const MAX_BODY_BYTES = 8 * 1024 * 1024

/** No text in an answer is known to be longer than a few thousand characters. */
const MAX_TEXT_LENGTH = 100_000

/** No good answer of a company is as large. */
const LARGE_BYTES = 1024 * 1024

/** Most bodies need no more. */
const FIRST_BYTES = 64 * 1024

/** What the bodies of all calls may hold together before all but one of them wait. */
const room = createRoom(4 * 1024 * 1024)

/** Why a body is not read as JSON. */
export type BodyFault = 'too-large' | 'not-json'

/** A body that came, and is of no use. */
export class BodyError extends Error {
  override readonly name = 'BodyError'
  readonly fault: BodyFault

  constructor(fault: BodyFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}

/** The value of the answer's JSON. Throws as `readText` and `parseBody` do. */
export function readJson(answer: Answer): Promise<unknown> {
  return readText(answer, parseBody)
}

/**
 * What `use` makes of the answer's text, which counts as held until then. Throws a `BodyError` for a body above
 * `MAX_BODY_BYTES`, unpacked; a `WireError` when the connection breaks; and the signal's reason, at once, whatever the
 * body does.
 */
export async function readText<T>(answer: Answer, use: (text: string) => T): Promise<T> {
  const seat = room.enter()
  const over = rejection(answer.signal)
  try {
    const bytes = await Promise.race([collect(answer, seat), over.promise])
    // What the last such body left behind goes before the next one is taken apart.
    if (bytes.length > LARGE_BYTES) collectGarbage()
    return use(bytes.toString('utf8'))
  } catch (error) {
    answer.drop()
    throw answer.signal.aborted ? answer.signal.reason : error
  } finally {
    over.stop()
    seat.leave()
  }
}

/** Parses the text of a body. Throws a `BodyError` for what is no JSON, or JSON without bounds. */
export function parseBody(text: string): unknown {
  const excess = jsonExcess(text, MAX_TEXT_LENGTH)
  if (excess !== null) throw new BodyError('too-large', `The answer is ${excess}`)
  try {
    return parseJson(text)
  } catch (cause) {
    throw new BodyError('not-json', 'The answer is not whole JSON', { cause })
  }
}

async function collect(answer: Answer, seat: Seat): Promise<Buffer> {
  let held = Buffer.alloc(0)
  let size = 0
  for await (const chunk of answer.bytes) {
    if (size + chunk.byteLength > MAX_BODY_BYTES) {
      throw new BodyError('too-large', `The answer is larger than ${MAX_BODY_BYTES / 1024 / 1024} MB`)
    }
    if (size + chunk.byteLength > held.length) {
      const length = Math.min(MAX_BODY_BYTES, Math.max(FIRST_BYTES, 2 * held.length, size + chunk.byteLength))
      await seat.take(length - held.length)
      const larger = Buffer.allocUnsafeSlow(length)
      held.copy(larger, 0, 0, size)
      held = larger
    }
    held.set(chunk, size)
    size += chunk.byteLength
  }
  return held.subarray(0, size)
}

function rejection(signal: AbortSignal): { promise: Promise<never>; stop: () => void } {
  let stop = () => {}
  const promise = new Promise<never>((_resolve, reject) => {
    const fail = () => reject(signal.reason)
    signal.addEventListener('abort', fail, { once: true })
    stop = () => signal.removeEventListener('abort', fail)
    if (signal.aborted) fail()
  })
  promise.catch(() => {})
  return { promise, stop }
}
