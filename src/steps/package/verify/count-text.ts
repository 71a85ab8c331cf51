// Counts rows of text as it streams by, byte for byte: nothing is kept of it, however long a row is.

const [LF, CR, QUOTE, BACKSLASH] = [0x0a, 0x0d, 0x22, 0x5c]
const [BLANK, TAB] = [0x20, 0x09]
const BYTE_ORDER_MARK = new Set([0xef, 0xbb, 0xbf])

type Bytes = AsyncIterable<Buffer>

function isBlank(byte: number): boolean {
  return byte === BLANK || byte === LF || byte === CR || byte === TAB
}

/** Records of RFC 4180 behind the header; a line end between quotes ends none, and the last needs none. */
export async function countCsv(bytes: Bytes): Promise<number> {
  let records = 0
  let quoted = false
  let begun = false
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at]
      if (byte === QUOTE) quoted = !quoted
      if (byte === LF && !quoted) {
        if (begun) records += 1
        begun = false
      } else if (byte !== CR) begun = true
    }
  }
  if (begun) records += 1
  return Math.max(0, records - 1)
}

/** Lines that are not blank. */
export async function countLines(bytes: Bytes): Promise<number> {
  let lines = 0
  let begun = false
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? LF
      if (byte === LF) begun = false
      else if (!begun && !isBlank(byte)) {
        begun = true
        lines += 1
      }
    }
  }
  return lines
}

/** Elements of a JSON array. Throws for text that is no array, or one that does not end. */
export async function countJson(bytes: Bytes): Promise<number> {
  const array = arrayCounter()
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += 1) array.take(chunk[at] ?? BLANK)
  }
  const elements = array.elements()
  if (elements === null) throw new Error('it is no JSON array, or one that breaks off')
  return elements
}

const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT, COMMA] = [0x5b, 0x5d, 0x7b, 0x7d, 0x2c]

function arrayCounter(): { take(byte: number): void; elements(): number | null } {
  let depth = 0
  let inText = false
  let escaped = false
  let isArray = true
  let closed = false
  let commas = 0
  let something = false
  const inside = (byte: number) => {
    if (escaped) escaped = false
    else if (byte === BACKSLASH) escaped = true
    else if (byte === QUOTE) inText = false
  }
  const begin = (byte: number) => {
    if (closed || byte !== OPEN_ARRAY) isArray = false
    else depth = 1
  }
  const outside = (byte: number) => {
    if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth -= 1
    else if (byte === COMMA && depth === 1) commas += 1
    else {
      something = true
      if (byte === QUOTE) inText = true
      if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth += 1
    }
    if (depth === 0) closed = true
  }
  return {
    take(byte) {
      if (inText) inside(byte)
      else if (isBlank(byte) || (depth === 0 && BYTE_ORDER_MARK.has(byte))) return
      else if (depth === 0) begin(byte)
      else outside(byte)
    },
    elements: () => (isArray && closed ? (something ? commas + 1 : 0) : null),
  }
}
