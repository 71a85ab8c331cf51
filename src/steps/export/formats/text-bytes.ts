// Text as it grows, as bytes: strings that are joined, flattened and encoded cost several times their bytes.

/** Bytes of UTF-8 text. Whoever writes into `memory` itself reserves room before, and moves `end` behind what it wrote. */
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
export function reserve(bytes: TextBytes, more: number): void {
  const { memory, end } = bytes
  if (end + more <= memory.length) return
  bytes.memory = Buffer.allocUnsafeSlow(2 * (end + more))
  memory.copy(bytes.memory, 0, 0, end)
}

export function addText(bytes: TextBytes, text: string): void {
  reserve(bytes, 3 * text.length)
  bytes.end += bytes.memory.write(text, bytes.end)
}

/** All that was added since the last time. They hold while the next are added, and are overwritten by those after them. */
export function takeBytes(bytes: TextBytes): Uint8Array {
  const { memory, end, taken } = bytes
  bytes.memory = taken
  bytes.taken = memory
  bytes.end = 0
  return memory.subarray(0, end)
}
