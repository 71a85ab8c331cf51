// The snapshot of persons with significant control as a download (facts 5.5): one file, or parts that are only together
// a whole, each line a record of its own and the last one the totals.
import { isUtf8 } from 'node:buffer'
import { companyNumber } from '../../company-number.ts'
import { ChpipeError } from '../../errors.ts'
import { parseJson } from '../../text.ts'
import type { FileKind, RegisterPart } from '../register/bytes.ts'

export const PSC_SNAPSHOT: FileKind = {
  ending: /\.txt$/i,
  called: '.txt',
  otherwise: 'use the zip exactly as downloaded from https://download.companieshouse.gov.uk/en_pscdata.html',
  again: 'download it again: https://download.companieshouse.gov.uk/en_pscdata.html',
  name: 'name the snapshot as it was downloaded, such as persons-with-significant-control-snapshot-2026-11-27.zip',
}

/** Which part of which day a file is, as its name tells; null for what it does not tell. */
export interface PscEdition {
  day: string | null
  part: number | null
  of: number | null
}

const NAME = /(?:persons-with-significant-control|psc)-snapshot-(\d{4}-\d{2}-\d{2})(?:_(\d+)of(\d+))?/i

export function pscEdition(name: string): PscEdition {
  const [, day = null, part, of] = NAME.exec(name.replace(/^.*[/\\]/, '')) ?? []
  return { day, part: part ? Number(part) : null, of: of ? Number(of) : null }
}

/** A file of a snapshot, opened, with what its names tell. */
export interface PscPart {
  /** What messages call it. */
  name: string
  edition: PscEdition
  chunks: RegisterPart['chunks']
}

/** The files that an opened download holds: its own name tells what theirs do not. */
export function partsOf({ name, parts }: { name: string; parts: RegisterPart[] }): PscPart[] {
  const outer = pscEdition(name)
  return parts.map((part) => {
    const inner = pscEdition(part.file)
    return {
      name: part.name ? `${part.name} in ${name}` : name,
      edition: inner.day ? inner : outer,
      chunks: part.chunks,
    }
  })
}

/** Throws a `data` error where the names say that a part is missing, is there twice, or is of another day. */
export function refuseIncomplete(files: readonly PscPart[]): void {
  const refuse = (message: string) => {
    throw new ChpipeError('data', message, { hint: 'name all parts of one day: chpipe import-pscs psc-snapshot-*.zip' })
  }
  const days = [...new Set(files.flatMap(({ edition }) => edition.day ?? []))]
  if (days.length > 1) refuse(`The files are of different days: ${days.sort().join(', ')}`)
  const sizes = [...new Set(files.flatMap(({ edition }) => edition.of ?? []))]
  if (sizes.length > 1) refuse(`The files are parts of different sets: of ${sizes.join(' and of ')}`)
  const [of] = sizes
  if (of === undefined) return
  const given = files.flatMap(({ edition }) => edition.part ?? [])
  const twice = given.find((number, index) => given.indexOf(number) !== index)
  if (twice !== undefined) refuse(`Part ${twice} of ${of} is given twice`)
  const missing = Array.from({ length: of }, (_, index) => index + 1).filter((number) => !given.includes(number))
  if (missing.length === 0) return
  const few = `${missing.slice(0, FEW_NAMED).join(', ')}${missing.length > FEW_NAMED ? ' ...' : ''}`
  const parts = missing.length === 1 ? `part ${few} of ${of} is` : `parts ${few} of ${of} are`
  refuse(`The snapshot is not whole: ${parts} missing`)
}

const FEW_NAMED = 5

/** The files in the order of their numbers, however they were named: of a record that is there twice the last one counts. */
export function inOrder(parts: readonly PscPart[]): PscPart[] {
  return parts.toSorted((one, other) => (one.edition.part ?? 0) - (other.edition.part ?? 0))
}

/** A line of the snapshot about a company that somebody wants to know of. */
export interface PscLine {
  /** From 1. */
  line: number
  companyNumber: string
  data: unknown
}

/** Some lines of a file, in their order. */
export interface PscLines {
  count: number
  /** How many of them have which kind, the totals left out. */
  kinds: Map<string, number>
  wanted: PscLine[]
  /** The line of totals, where it is among them. */
  totals: { line: number; data: unknown } | null
}

/** A longer line is no record. */
const LONGEST_LINE = 1024 * 1024
const LF = 0x0a
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/**
 * The lines of a file, those of each piece of it together. Throws a `data` error that names the line for one that is no
 * record of a snapshot, and for one behind the totals.
 */
export async function* readLines(
  { name, chunks }: PscPart,
  isWanted: (companyNumber: string) => boolean,
): AsyncGenerator<PscLines> {
  const reading: Reading = { name, isWanted, line: 1, ended: false }
  // What has been read of a line is kept in front, and the next piece comes behind it, always in the same memory.
  const memory = Buffer.allocUnsafe(LONGEST_LINE + PIECE_BYTES)
  let held = 0
  for await (const piece of pieces(chunks())) {
    held += piece.copy(memory, held)
    let bytes = memory.subarray(0, held)
    if (reading.line === 1 && bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)) {
      bytes = bytes.subarray(BYTE_ORDER_MARK.length)
    }
    const end = bytes.lastIndexOf(LF) + 1
    const rest = bytes.subarray(end)
    if (rest.length > LONGEST_LINE) throw foreign(reading.line, `it is longer than ${LONGEST_LINE} bytes`, name)
    yield cutLines(bytes.subarray(0, end), reading)
    held = rest.copy(memory)
  }
  yield cutLines(memory.subarray(0, held), reading)
}

/** What is larger than this lies outside the young generation, and is not collected as fast as it is read. */
const PIECE_BYTES = 64 * 1024

async function* pieces(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES)
  }
}

interface Reading {
  name: string
  isWanted: (companyNumber: string) => boolean
  line: number
  /** The totals have been read. */
  ended: boolean
}

function cutLines(bytes: Buffer, reading: Reading): PscLines {
  const text = bytes.toString('latin1')
  const isWhole = isUtf8(bytes)
  const lines: PscLines = { count: 0, kinds: new Map(), wanted: [], totals: null }
  for (let from = 0; from < text.length; reading.line += 1) {
    const at = text.indexOf('\n', from)
    const to = at === -1 ? text.length : at
    const end = to > from && text.charCodeAt(to - 1) === CR ? to - 1 : to
    if (end > from) {
      if (reading.ended) throw foreign(reading.line, 'it follows the totals', reading.name)
      if (!isWhole && !isUtf8(bytes.subarray(from, end))) throw foreign(reading.line, 'it is not UTF-8', reading.name)
      takeLine(lines, reading, { bytes, text, from, end })
    }
    from = to + 1
  }
  return lines
}

const CR = 0x0d
const NUMBER_FIRST = '{"company_number":"'
const KIND = '"kind":"'
const PLAIN = /^[A-Z0-9]{8}$/

interface Place {
  bytes: Buffer
  /** The same as Latin-1, whose indices are those of the bytes. */
  text: string
  from: number
  end: number
}

/** Most lines are about companies that nobody wants: they are not parsed, only looked at where the service writes things. */
function takeLine(lines: PscLines, reading: Reading, place: Place): void {
  const plain = plainLine(place)
  lines.count += 1
  if (plain && !reading.isWanted(plain.companyNumber)) {
    lines.kinds.set(plain.kind, (lines.kinds.get(plain.kind) ?? 0) + 1)
    return
  }
  const { line, name } = reading
  const { company_number, data } = parse(place.bytes.subarray(place.from, place.end), line, name)
  const kind = (data as { kind?: unknown } | null | undefined)?.kind
  if (typeof kind !== 'string') throw foreign(line, 'it has no kind', name)
  if (sortOf(kind) === 'totals') {
    lines.totals = { line, data }
    reading.ended = true
    return
  }
  if (typeof company_number !== 'string') throw foreign(line, 'it names no company', name)
  lines.kinds.set(kind, (lines.kinds.get(kind) ?? 0) + 1)
  const number = companyNumber(company_number)
  if (number !== null && reading.isWanted(number)) lines.wanted.push({ line, companyNumber: number, data })
}

/** Number and kind of a line as the service writes it. Inside a text the quotes would be escaped, so these stand for keys. */
function plainLine({ text, from, end }: Place): { companyNumber: string; kind: string } | null {
  const at = from + NUMBER_FIRST.length
  if (!text.startsWith(NUMBER_FIRST, from) || !text.startsWith('}}', end - 2) || text[at + 8] !== '"') return null
  const number = text.slice(at, at + 8)
  const kindAt = text.indexOf(KIND, at)
  if (kindAt === -1 || kindAt > end || !PLAIN.test(number)) return null
  const kind = text.slice(kindAt + KIND.length, text.indexOf('"', kindAt + KIND.length))
  return sortOf(kind) === 'totals' ? null : { companyNumber: number, kind }
}

function parse(bytes: Buffer, line: number, name: string): { company_number?: unknown; data?: unknown } {
  let value: unknown
  try {
    value = parseJson(bytes.toString('utf8'))
  } catch {
    throw foreign(line, 'it is not JSON', name)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw foreign(line, 'it is no object', name)
  return value
}

/** The error for a line that does not belong into a snapshot. */
export function foreign(line: number, why: string, name: string): ChpipeError {
  return new ChpipeError('data', `Line ${line} is no record of a PSC snapshot: ${why}: ${name}`, {
    hint: `${PSC_SNAPSHOT.again}; nothing was imported`,
  })
}

const TOTALS = 'totals#'

/** What a record counts as in the totals. */
export type PscSort = 'persons' | 'statements' | 'exemptions' | 'totals'

export function sortOf(kind: string): PscSort {
  if (kind.startsWith(TOTALS)) return 'totals'
  if (kind === 'exemptions') return 'exemptions'
  return kind.endsWith('-statement') ? 'statements' : 'persons'
}

/** What the last line of a snapshot says. */
export interface PscTotals {
  persons: number
  statements: number
  exemptions: number
  /** When the register wrote it, ISO 8601 in UTC; null where it does not say. */
  generatedAt: string | null
}

/** The totals of a line; null where the counts are no numbers. */
export function readTotals(data: unknown): PscTotals | null {
  const said = (data ?? {}) as Record<string, unknown>
  const persons = said.persons_of_significant_control_count
  const { statements_count: statements, exemptions_count: exemptions } = said
  if (!isCount(persons) || !isCount(statements) || !isCount(exemptions)) return null
  return { persons, statements, exemptions, generatedAt: momentOf(said.generated_at) }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

/** A moment as the register writes it, in UTC where it names no zone; null for what is none. */
export function momentOf(text: unknown): string | null {
  if (typeof text !== 'string' || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text)) return null
  const time = Date.parse(/(?:Z|[+-]\d{2}:?\d{2})$/i.test(text) ? text : `${text}Z`)
  return Number.isNaN(time) ? null : new Date(time).toISOString()
}
