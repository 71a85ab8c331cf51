// The inner loop of the register file's reader: the cells of one record, found in bytes.

const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const COMMA = 0x2c
/** Past the last byte. */
const NONE = -1
const HIGH = /[\x80-\xff]/g

/** A piece of input: its bytes, and the same as Latin-1 text, whose indices are theirs. */
export interface Page {
  bytes: Buffer
  text: string
  /** The first byte above 0x7f that the reading has not yet passed; the number of bytes when there is none. */
  high: number
  /** 1 at the columns whose text is wanted; null for all. */
  kept: Uint8Array | null
  /** Nothing follows. */
  last: boolean
}

/** The page ends before the record does. */
export const INCOMPLETE = -1
/** A quoted cell is followed by something other than a comma or a line end. */
const MALFORMED = -2
/** The input ends inside a quoted cell. */
export const OPEN_QUOTE = -3

/** Appends the cells of the record at `start` to `cells`. Returns where its line end is, or one of the codes above. */
export function readCells(page: Page, start: number, cells: string[]): number {
  const { bytes, kept, last } = page
  const size = bytes.length
  for (let at = start; ; at += 1) {
    const quoted = byteAt(bytes, at) === QUOTE
    // Most cells of the file are `"",`.
    if (quoted && byteAt(bytes, at + 1) === QUOTE && byteAt(bytes, at + 2) === COMMA) {
      cells[cells.length] = ''
      at += 2
      continue
    }
    const from = quoted ? at + 1 : at
    let to = quoted ? closingQuote(page, from) : unquotedEnd(bytes, from)
    if (quoted && to >= size) return last ? OPEN_QUOTE : INCOMPLETE
    at = quoted ? to + 1 : to
    if (at >= size && !last) return INCOMPLETE
    let next = byteAt(bytes, at)
    if (quoted && next === CR) {
      at += 1
      if (at >= size && !last) return INCOMPLETE
      next = byteAt(bytes, at)
      if (next !== LF && next !== NONE) return MALFORMED
    }
    if (!quoted && next !== COMMA && to > from && bytes[to - 1] === CR) to -= 1
    const wanted = to > from && (kept === null || (cells.length < kept.length && kept[cells.length] === 1))
    cells[cells.length] = wanted ? cellText(page, from, to, quoted) : ''
    if (next === COMMA) continue
    return next === LF || next === NONE ? at : MALFORMED
  }
}

/** Reading past the end would make V8 read every byte the slow way from then on. */
function byteAt(bytes: Buffer, at: number): number {
  return at < bytes.length ? (bytes[at] ?? NONE) : NONE
}

/** The next quote that is not one of a pair; the number of bytes when there is none. */
function closingQuote({ bytes, text }: Page, from: number): number {
  for (let at = from; ; at += 2) {
    at = byteAt(bytes, at) === QUOTE ? at : text.indexOf('"', at)
    if (at === -1) return bytes.length
    if (byteAt(bytes, at + 1) !== QUOTE) return at
  }
}

function unquotedEnd(bytes: Buffer, from: number): number {
  const size = bytes.length
  let at = from
  while (at < size && bytes[at] !== COMMA && bytes[at] !== LF) at += 1
  return at
}

function cellText(page: Page, from: number, to: number, quoted: boolean): string {
  const { bytes, text } = page
  if (page.high < from) page.high = highFrom(text, from)
  const cell = page.high >= to ? text.slice(from, to) : bytes.toString('utf8', from, to)
  return quoted && cell.includes('"') ? cell.replaceAll('""', '"') : cell
}

/** The first byte above 0x7f at or behind `from`; the number of bytes when there is none. */
export function highFrom(text: string, from: number): number {
  HIGH.lastIndex = from
  return HIGH.exec(text)?.index ?? text.length
}
