// The inner loop of the register file's reader: the cells of one record, found in bytes.

const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const COMMA = 0x2c

/** A piece of input: its bytes, and the same as Latin-1 text, whose indices are theirs. */
export interface Page {
  bytes: Buffer
  text: string
  ascii: boolean
  /** 1 at the columns whose text is wanted; null for all. */
  kept: Uint8Array | null
  /** Nothing follows. */
  last: boolean
}

/** The page ends before the record does. */
export const INCOMPLETE = -1
/** A quoted cell is followed by something other than a comma or a line end. */
export const MALFORMED = -2
/** The input ends inside a quoted cell. */
export const OPEN_QUOTE = -3

/** Appends the cells of the record at `start` to `cells`. Returns where its line end is, or one of the codes above. */
export function readCells(page: Page, start: number, cells: string[]): number {
  const { bytes, kept, last } = page
  const size = bytes.length
  for (let at = start; ; at += 1) {
    const quoted = bytes[at] === QUOTE
    const from = quoted ? at + 1 : at
    let to = quoted ? closingQuote(bytes, from) : unquotedEnd(bytes, from)
    if (quoted && to >= size) return last ? OPEN_QUOTE : INCOMPLETE
    at = quoted ? to + 1 : to
    if (at >= size && !last) return INCOMPLETE
    if (quoted && bytes[at] === CR) {
      at += 1
      if (at >= size && !last) return INCOMPLETE
      if (at < size && bytes[at] !== LF) return MALFORMED
    }
    if (!quoted && to > from && bytes[to - 1] === CR && bytes[to] !== COMMA) to -= 1
    const wanted = to > from && (kept === null || kept[cells.length] === 1)
    cells.push(wanted ? cellText(page, from, to, quoted) : '')
    if (bytes[at] === COMMA) continue
    return at >= size || bytes[at] === LF ? at : MALFORMED
  }
}

/** The next quote that is not one of a pair; the size of `bytes` when there is none. */
function closingQuote(bytes: Buffer, from: number): number {
  const size = bytes.length
  for (let at = from; at < size; at += 1) {
    if (bytes[at] !== QUOTE) continue
    if (bytes[at + 1] !== QUOTE) return at
    at += 1
  }
  return size
}

function unquotedEnd(bytes: Buffer, from: number): number {
  const size = bytes.length
  let at = from
  while (at < size && bytes[at] !== COMMA && bytes[at] !== LF) at += 1
  return at
}

function cellText({ bytes, text, ascii }: Page, from: number, to: number, quoted: boolean): string {
  const cell = ascii || isAsciiBetween(bytes, from, to) ? text.slice(from, to) : bytes.toString('utf8', from, to)
  return quoted && cell.includes('"') ? cell.replaceAll('""', '"') : cell
}

/** For the few bytes of a cell, quicker than asking Node. */
function isAsciiBetween(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (Number(bytes[at]) > 0x7f) return false
  return true
}
