import { printable, wrap } from '../text.ts'

export interface TableShape {
  /** The columns of the terminal; without it nothing is broken. */
  width?: number
  /** Columns that stand to the right. */
  numbers?: readonly number[]
  /** Blanks in front of each line. */
  indent?: number
}

const GAP = 2
/** A column is not made narrower than this, whatever the terminal. */
const NARROWEST = 8

/**
 * Rows of cells in columns as wide as their widest cell. Where they are wider than the terminal, the widest columns give
 * way and their cells are broken between words, so that nothing is cut off.
 */
export function fitTable(rows: readonly string[][], { width, numbers = [], indent = 0 }: TableShape = {}): string {
  const cells = rows.map((row) => row.map(printable))
  const columns = Math.max(0, ...cells.map((row) => row.length))
  const natural = Array.from({ length: columns }, (_, column) =>
    cells.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0),
  )
  const room = (width ?? Number.POSITIVE_INFINITY) - indent - GAP * (columns - 1)
  const widths = narrowed(cells, natural, numbers, room)
  const margin = ' '.repeat(indent)
  return cells.flatMap((row) => rowLines(row, widths, numbers).map((line) => `${margin}${line}\n`)).join('')
}

/** Takes from the widest column, one by one, until they fit; words are broken only where nothing else gives way. */
function narrowed(cells: string[][], natural: number[], numbers: readonly number[], room: number): number[] {
  const words = natural.map((_, column) => Math.max(...cells.map((row) => longestWord(row[column] ?? ''))))
  const toWords = shrunk(natural, words, numbers, room)
  return shrunk(toWords, new Array(natural.length).fill(NARROWEST), numbers, room)
}

function shrunk(from: number[], least: number[], numbers: readonly number[], room: number): number[] {
  const widths = [...from]
  let over = widths.reduce((sum, one) => sum + one, 0) - room
  for (; over > 0; over -= 1) {
    const may = (column: number) => !numbers.includes(column) && (widths[column] ?? 0) > (least[column] ?? 0)
    const able = widths.flatMap((width, column) => (may(column) ? [{ width, column }] : []))
    const [widest] = able.toSorted((a, b) => b.width - a.width)
    if (!widest) return widths
    widths[widest.column] = widest.width - 1
  }
  return widths
}

function longestWord(cell: string): number {
  return Math.max(0, ...cell.split(' ').map((word) => word.length))
}

function rowLines(row: string[], widths: number[], numbers: readonly number[]): string[] {
  const broken = row.map((cell, column) => brokenCell(cell, widths[column] ?? cell.length))
  const height = Math.max(1, ...broken.map((lines) => lines.length))
  return Array.from({ length: height }, (_, line) =>
    broken
      .map((lines, column) => {
        const [text, width] = [lines[line] ?? '', widths[column] ?? 0]
        return numbers.includes(column) ? text.padStart(width) : text.padEnd(width)
      })
      .join(' '.repeat(GAP))
      .trimEnd(),
  )
}

/** A word that is longer than the column is broken where it must be. */
function brokenCell(cell: string, width: number): string[] {
  if (cell.length <= width) return [cell]
  return wrap(cell, width)
    .split('\n')
    .flatMap((line) => line.match(new RegExp(`.{1,${Math.max(1, width)}}`, 'gu')) ?? [''])
}
