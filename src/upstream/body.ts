// The body of an answer as JSON, in bounded memory: of all calls of this process together.

import { collectGarbage } from '../heap-space.ts'
import { parseJson } from '../text.ts'
import type { WireAnswer } from './wire.ts'

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
export function readJson(answer: WireAnswer): Promise<unknown> {
  return readText(answer, parseBody)
}

/**
 * What `use` makes of the answer's text, which counts as held until then. Throws a `BodyError` for a body above
 * `MAX_BODY_BYTES`, unpacked; a `WireError` when the connection breaks; and the signal's reason, at once, whatever the
 * body does.
 */
export async function readText<T>(answer: WireAnswer, use: (text: string) => T): Promise<T> {
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

async function collect(answer: WireAnswer, seat: Seat): Promise<Buffer> {
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

/** No reply known goes deeper than eight levels. */
const MAX_DEPTH = 100

/** A page of 5,000 search results, the largest reply there is, holds about 125,000. */
const MAX_VALUES = 250_000

/** No object known has more than sixty. */
const MAX_MEMBERS = 1000

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * Why JSON would cost far more memory than its text, as the end of a sentence; null when it would not. Looked at before
 * it is parsed; whether it is JSON at all is left to the parser.
 */
export function jsonExcess(text: string, longestText = Number.POSITIVE_INFINITY): string | null {
  const members = new Uint16Array(MAX_DEPTH + 1)
  let depth = 0
  let values = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      const end = endOfString(text, at)
      if (end - at > longestText) return `with a text of more than ${longestText} characters`
      at = end
    } else if (code === COMMA) values += 1
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      values += 1
      depth += 1
      if (depth > MAX_DEPTH) return `nested deeper than ${MAX_DEPTH} levels`
      members[depth] = 0
    } else if (code === COLON) {
      members[depth] = (members[depth] ?? 0) + 1
      if ((members[depth] ?? 0) > MAX_MEMBERS) return 'of more than 1,000 members in one object'
    } else if ((code === CLOSE_LIST || code === CLOSE_OBJECT) && depth > 0) depth -= 1
    if (values > MAX_VALUES) return 'of more than 250,000 values'
  }
  return null
}

/** An object of more members than allowed is longer, with a quoted name, a colon, a value and a comma each. */
const SHORT_LENGTH = 5 * MAX_MEMBERS

/**
 * Whether text, if it is JSON, is so short and opens so few lists and objects that `jsonExcess` finds nothing in it. It costs
 * next to nothing; where it says no, nothing is known.
 */
export function isModestJson(text: string): boolean {
  if (text.length > SHORT_LENGTH) return false
  let opened = 0
  for (const open of ['{', '[']) {
    for (let at = text.indexOf(open); at !== -1 && opened <= MAX_DEPTH; at = text.indexOf(open, at + 1)) opened += 1
  }
  return opened <= MAX_DEPTH
}

/** Where the string that begins here ends. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at += 1
    else if (code === QUOTE) return at
  }
  return text.length
}

interface Seat {
  /** Takes `bytes` more; waits while others hold what there is. */
  take(bytes: number): Promise<void>
  /** Gives everything back. */
  leave(): void
}

/**
 * Room that readers share. Up to `sharedBytes` whoever comes first is served; beyond them one reader at a time may go on,
 * and the others wait. So whoever has begun can end: no two ever wait for each other.
 */
function createRoom(sharedBytes: number): { enter(): Seat } {
  let used = 0
  let beyond: Seat | null = null
  const waiting = new Map<Seat, () => void>()

  const enter = (): Seat => {
    let own = 0
    const seat: Seat = {
      async take(bytes) {
        while (used + bytes > sharedBytes && beyond !== null && beyond !== seat) {
          await new Promise<void>((wake) => waiting.set(seat, wake))
        }
        if (used + bytes > sharedBytes) beyond = seat
        used += bytes
        own += bytes
      },
      leave() {
        used -= own
        own = 0
        waiting.delete(seat)
        if (beyond === seat) beyond = null
        const woken = [...waiting.values()]
        waiting.clear()
        for (const wake of woken) wake()
      },
    }
    return seat
  }
  return { enter }
}
