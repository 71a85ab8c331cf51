// Rows as JSON text, written from their cells as bytes: an object for each row, and then its text, would take far longer.
import { type CellKind, type Column, type Row, truthOf, valueOfCell } from '../../../db/dataset/columns.ts'
import { safeJson } from '../../../text.ts'
import { addAllowed, addByte, addPart, addText, printedExcept, type TextBytes } from './text-bytes.ts'

/** Cells of the other kinds mean something else than they hold. */
const MEANT: readonly CellKind[] = ['codes', 'truth', 'json']

/** Characters that JSON holds as they are. */
const PLAIN = printedExcept('"\\')

const QUOTE = 0x22

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
    let from = 0
    for (let index = 0; index < places.length; index += 1) {
      const cell = row[index] ?? null
      if (cell === null) continue
      const { kind, isOwn, value, next } = places[index] as (typeof places)[number]
      addPart(bytes, template, { from, to: value })
      from = next
      if (!isOwn || typeof cell !== 'string' || !addPlain(bytes, cell)) addText(bytes, textOf(kind, cell))
    }
    addPart(bytes, template, { from, to: template.length })
  }
}

function textOf(kind: CellKind, cell: string | number): string {
  if (kind === 'truth') return String(truthOf(cell))
  return kind === 'number' && Number.isSafeInteger(cell) ? String(cell) : safeJson(valueOfCell(kind, cell))
}

/** Adds a text in quotes; adds nothing and says so when it needs an escape. */
function addPlain(bytes: TextBytes, text: string): boolean {
  const { end } = bytes
  addByte(bytes, QUOTE)
  const isAdded = addAllowed(bytes, text, PLAIN)
  if (isAdded) addByte(bytes, QUOTE)
  else bytes.end = end
  return isAdded
}
