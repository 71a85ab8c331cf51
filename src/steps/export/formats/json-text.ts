// Rows as JSON text, written from their cells as bytes: an object for each row, and then its text, would take far longer.
import { type CellKind, type Column, type Row, valueOfCell } from '../../../db/dataset/columns.ts'
import { safeJson } from '../../../text.ts'
import { addText, reserve, type TextBytes } from './text-bytes.ts'

/** Cells of the other kinds mean something else than they hold. */
const MEANT: readonly CellKind[] = ['codes', 'truth', 'json']

/** Characters that JSON holds as they are: printed ones of ASCII but quotes and backslashes. */
const PLAIN = Uint8Array.from({ length: 128 }, (_, code) =>
  Number(code >= 0x20 && code < 0x7f && code !== 0x22 && code !== 0x5c),
)

const QUOTE = 0x22

/** Of fewer bytes than these, a loop makes a copy sooner than a call. */
const CALL = 48

/**
 * A function that adds the members of a row's object, without the braces around them: byte for byte what `safeJson` writes
 * of `itemOfRow`. Most cells are unknown, so it copies runs of the object of nothing and fills in what is known.
 */
export function jsonMembers(columns: readonly Column[]): (bytes: TextBytes, row: Row) => void {
  let nothing = ''
  const places = columns.map(({ name, kind }, index) => {
    nothing += `${index > 0 ? ',' : ''}${safeJson(name)}:`
    const value = nothing.length
    nothing += safeJson(valueOfCell(kind, null))
    return { kind, isOwn: !MEANT.includes(kind), value, next: nothing.length }
  })
  const template = Buffer.from(nothing)
  return (bytes, row) => {
    reserve(bytes, template.length)
    let from = 0
    for (let index = 0; index < places.length; index += 1) {
      const cell = row[index] ?? null
      if (cell === null) continue
      const { kind, isOwn, value, next } = places[index] as (typeof places)[number]
      addPart(bytes, template, { from, to: value })
      from = next
      const isAdded = isOwn && typeof cell === 'string' && addPlain(bytes, cell)
      if (!isAdded)
        addText(bytes, isOwn && Number.isSafeInteger(cell) ? String(cell) : safeJson(valueOfCell(kind, cell)))
    }
    addPart(bytes, template, { from, to: template.length })
  }
}

function addPart(bytes: TextBytes, template: Buffer, { from, to }: { from: number; to: number }): void {
  reserve(bytes, to - from)
  const { memory, end } = bytes
  if (to - from > CALL) template.copy(memory, end, from, to)
  else for (let at = from; at < to; at += 1) memory[end + at - from] = template[at] as number
  bytes.end = end + to - from
}

/** Adds a text in quotes; adds nothing and says so when it needs an escape. */
function addPlain(bytes: TextBytes, text: string): boolean {
  const { length } = text
  reserve(bytes, length + 2)
  const { memory, end } = bytes
  memory[end] = QUOTE
  const start = end + 1
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at)
    if (code > 0x7f || PLAIN[code] === 0) return false
    memory[start + at] = code
  }
  memory[start + length] = QUOTE
  bytes.end = start + length + 1
  return true
}
