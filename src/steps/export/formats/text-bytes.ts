// Text as it grows, as bytes: strings that are joined, flattened and encoded cost several times their bytes.

/** Bytes of UTF-8 text, up to `end` of `memory`. */
export interface TextBytes {
  memory: Buffer
  end: number
  /** The memory of what was taken last. */
  taken: Buffer
}

const FIRST = 1 << 19

export function textBytes(): TextBytes {
  return { memory: Buffer.allocUnsafeSlow(FIRST), end: 0, taken: Buffer.allocUnsafeSlow(FIRST) }
}

/** Makes room for so many bytes behind those that are there; `memory` may be another one then. */
function reserve(bytes: TextBytes, more: number): void {
  const { memory, end } = bytes
  if (end + more <= memory.length) return
  bytes.memory = Buffer.allocUnsafeSlow(2 * (end + more))
  memory.copy(bytes.memory, 0, 0, end)
}

/** Of fewer bytes than these, a loop makes a copy sooner than a call. */
const CALL = 48

const ASCII = new Uint8Array(128).fill(1)

export function addText(bytes: TextBytes, text: string): void {
  if (text.length < CALL && addAllowed(bytes, text, ASCII)) return
  reserve(bytes, 3 * text.length)
  bytes.end += bytes.memory.write(text, bytes.end)
}

export function addByte(bytes: TextBytes, byte: number): void {
  reserve(bytes, 1)
  bytes.memory[bytes.end] = byte
  bytes.end += 1
}

/** Which characters of ASCII are allowed: those that are printed, but for some. */
export function printedExcept(others: string): Uint8Array {
  return Uint8Array.from({ length: 128 }, (_, code) =>
    Number(code >= 0x20 && code < 0x7f && !others.includes(String.fromCharCode(code))),
  )
}

/** Adds a text of allowed characters alone; adds nothing and says so when it has another one. */
export function addAllowed(bytes: TextBytes, text: string, allowed: Uint8Array): boolean {
  const { length } = text
  reserve(bytes, length)
  const { memory, end } = bytes
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at)
    if (code > 0x7f || allowed[code] === 0) return false
    memory[end + at] = code
  }
  bytes.end = end + length
  return true
}

/** Adds what stands in `source`, which may be the memory itself, from one place to another. */
export function addPart(bytes: TextBytes, source: Buffer, { from, to }: { from: number; to: number }): void {
  reserve(bytes, to - from)
  const { memory, end } = bytes
  if (to - from > CALL) source.copy(memory, end, from, to)
  else for (let at = from; at < to; at += 1) memory[end + at - from] = source[at] as number
  bytes.end = end + to - from
}

/** All that was added since the last time. They hold while the next are added, and are overwritten by those after them. */
export function takeBytes(bytes: TextBytes): Uint8Array {
  const { memory, end, taken } = bytes
  bytes.memory = taken
  bytes.taken = memory
  bytes.end = 0
  return memory.subarray(0, end)
}
