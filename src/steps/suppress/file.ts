// Reads a file of rules, CSV with the columns kind, value, born and reason, to its end before anything is stored.
import { type CsvRecord, createRecordReader } from '../../companies-house/register/records.ts'
import { openRegister, type RegisterInput, type RegisterSource } from '../../companies-house/register/source.ts'
import type { NewSuppression } from '../../db/suppress/suppressions.ts'
import { ChpipeError } from '../../errors.ts'
import { readRule, suppressionKinds } from './suppress.ts'

const COLUMNS = ['kind', 'value', 'born', 'reason'] as const
const NEEDED = ['kind', 'value'] as const
type Columns = Partial<Record<(typeof COLUMNS)[number], number>>

/** An error says of this many lines what is wrong with them, and names this many stretches of others. */
const MAX_SHOWN = 5
const MAX_SPANS = 20

/**
 * Opens a file of rules, plain or packed. Throws a `data` error for what cannot be read or is empty; the caller closes it.
 */
export function openRules(input: RegisterInput, signal: AbortSignal): Promise<RegisterSource> {
  return withOwnHints(openRegister(input, signal))
}

/**
 * The rules of a file. The header names the columns in any order; `born` and `reason` may be missing. Throws a `data`
 * error that names the lines when anything in it is wrong, and never repeats an e-mail address.
 */
export function readRules(source: RegisterSource): Promise<NewSuppression[]> {
  return withOwnHints(readWhole(source))
}

/** What reads register files speaks of them when it fails. */
async function withOwnHints<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    if (!(error instanceof ChpipeError) || error.kind !== 'data' || OWN_HINTS.has(error.hint ?? '')) throw error
    throw new ChpipeError('data', error.message, { hint: FILE_HINT, cause: error })
  }
}

async function readWhole(source: RegisterSource): Promise<NewSuppression[]> {
  const rules: NewSuppression[] = []
  const faults: Fault[] = []
  let rows = 0
  for await (const { header, record } of readRecords(source)) {
    rows += 1
    const rule = record.fault ?? ruleOf(header, record)
    if (typeof rule === 'string') faults.push({ line: record.line, why: rule })
    else rules.push(rule)
  }
  if (faults.length > 0) throw unreadable(faults, rows, source.name)
  return rules
}

interface Fault {
  line: number
  why: string
}

interface Header {
  width: number
  at: Columns
}

async function* readRecords({ parts, name }: RegisterSource): AsyncGenerator<{ header: Header; record: CsvRecord }> {
  for (const part of parts) {
    const reader = createRecordReader()
    let header: Header | null = null
    for await (const chunk of withEnd(part.chunks())) {
      const { records, unterminated } = guarded(() => (chunk ? reader.read(chunk) : reader.end()), name)
      const last = unterminated?.record
      if (last && unterminated.openQuote) last.fault = 'a quote is never closed'
      for (const record of last ? [...records, last] : records) {
        if (header) yield { header, record }
        else header = readHeader(record, name)
      }
    }
    if (!header) throw new ChpipeError('data', `The file has no header: ${name}`, { hint: HEADER_HINT })
  }
}

async function* withEnd(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer | null> {
  yield* chunks
  yield null
}

/** The reader throws for a line that is longer than any. */
function guarded<T>(read: () => T, name: string): T {
  try {
    return read()
  } catch (cause) {
    throw new ChpipeError('data', `There is a line of more than a megabyte: ${name}`, { hint: HEADER_HINT, cause })
  }
}

const FILE_HINT = `name a CSV file in UTF-8 whose first line is ${COLUMNS.join(',')}, or - for stdin`
const LINES_HINT = 'correct these lines and import the file again; values that hold commas go into double quotes'
const HEADER_HINT = `the first line is ${COLUMNS.join(',')}; values that hold commas go into double quotes`

const OWN_HINTS = new Set([HEADER_HINT, LINES_HINT])

function readHeader({ cells, line }: CsvRecord, name: string): Header {
  const names = cells.map((cell) => cell.trim().toLowerCase())
  const at = Object.fromEntries(names.map((column, index) => [column, index])) as Columns
  const unknown = names.some((column) => !COLUMNS.some((known) => known === column))
  const missing = NEEDED.filter((column) => at[column] === undefined)
  if (!unknown && missing.length === 0 && Object.keys(at).length === names.length) return { width: names.length, at }
  throw new ChpipeError('data', `Line ${line} is no header of suppressions: ${name}`, { hint: HEADER_HINT })
}

function ruleOf({ width, at }: Header, { cells }: CsvRecord): NewSuppression | string {
  if (cells.length !== width) return `expected ${width} columns, found ${cells.length}`
  const cell = (column: keyof Columns) => cells[at[column] ?? width]?.trim() ?? ''
  const kind = suppressionKinds.find((known) => known === cell('kind').toLowerCase())
  if (!kind) return `expected a kind (${suppressionKinds.join(', ')})`
  return readRule({ kind, value: cell('value'), born: cell('born') || null, reason: cell('reason') || null })
}

function unreadable(faults: Fault[], rows: number, name: string): ChpipeError {
  const first = faults.slice(0, MAX_SHOWN).map(({ line, why }) => `line ${line}: ${why}`)
  const others = faults.slice(MAX_SHOWN).map(({ line }) => line)
  const more = others.length > 0 ? `; and ${others.length} more, on ${spans(others)}` : ''
  const message = `Nothing was imported: ${faults.length} of ${rows} rows cannot be used: ${first.join('; ')}${more}: ${name}`
  return new ChpipeError('data', message, { hint: LINES_HINT })
}

/** `line 7`, `lines 7-9, 12`: as many as a message can hold. */
function spans(lines: number[]): string {
  const found: [from: number, to: number][] = []
  for (const line of lines) {
    const last = found.at(-1)
    if (last && line === last[1] + 1) last[1] = line
    else found.push([line, line])
  }
  const shown = found.slice(0, MAX_SPANS).map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`))
  return `${lines.length > 1 ? 'lines' : 'line'} ${shown.join(', ')}${found.length > MAX_SPANS ? ' and beyond' : ''}`
}
