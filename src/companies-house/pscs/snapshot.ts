// The snapshot of persons with significant control as a download (bulk facts 9): one file, or parts that are only together
// a whole, each line a record of its own and the last one the totals.
import { isUtf8 } from 'node:buffer'
import { companyNumber } from '../../company-number.ts'
import { ChpipeError } from '../../errors.ts'
import { parseJson } from '../../text.ts'
import type { FileKind, RegisterPart } from '../register/bytes.ts'

export const PSC_SNAPSHOT: FileKind = {
  suffix: '.txt',
  named: 'name the snapshot as it was downloaded, such as persons-with-significant-control-snapshot-2026-11-27.zip',
  page: 'https://download.companieshouse.gov.uk/en_pscdata.html',
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
export function refuseIncomplete(parts: readonly PscPart[]): void {
  const refuse = (message: string) => {
    throw new ChpipeError('data', message, { hint: 'name all parts of one day: chpipe import-pscs psc-snapshot-*.zip' })
  }
  const days = [...new Set(parts.flatMap(({ edition }) => edition.day ?? []))]
  if (days.length > 1) refuse(`The files are of different days: ${days.sort().join(', ')}`)
  const sizes = [...new Set(parts.flatMap(({ edition }) => edition.of ?? []))]
  if (sizes.length > 1) refuse(`The files are parts of different sets: of ${sizes.join(' and of ')}`)
  const [of] = sizes
  if (of === undefined) return
  const given = parts.flatMap(({ edition }) => edition.part ?? [])
  const twice = given.find((number, index) => given.indexOf(number) !== index)
  if (twice !== undefined) refuse(`Part ${twice} of ${of} is given twice`)
  const missing = Array.from({ length: of }, (_, index) => index + 1).filter((number) => !given.includes(number))
  if (missing.length === 0) return
  const few = `${missing.slice(0, FEW_NAMED).join(', ')}${missing.length > FEW_NAMED ? ' ...' : ''}`
  refuse(`The snapshot is not whole: of ${of} parts, ${few} ${missing.length === 1 ? 'is' : 'are'} missing`)
}

const FEW_NAMED = 5

/** A line of the snapshot, read as far as it takes to know what it is about. */
export interface PscLine {
  /** From 1. */
  line: number
  /** Empty where it is none of the register's; null on the line of totals. */
  companyNumber: string | null
  kind: string
  /** The whole record. Throws a `data` error for what is no JSON. */
  read(): { data?: unknown }
}

/** A longer line is no record. */
const LONGEST_LINE = 1024 * 1024
const LF = 0x0a
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/**
 * The lines of a file, those of each piece of it together. Throws a `data` error that names the line for one that is no
 * record of a snapshot.
 */
export async function* readLines({ name, chunks }: PscPart): AsyncGenerator<PscLine[]> {
  let rest: Buffer = Buffer.alloc(0)
  let line = 1
  for await (const chunk of chunks()) {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    if (line === 1 && bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)) bytes = bytes.subarray(3)
    const end = bytes.lastIndexOf(LF) + 1
    rest = Buffer.from(bytes.subarray(end))
    if (rest.length > LONGEST_LINE) throw foreign(line, `it is longer than ${LONGEST_LINE} bytes`, name)
    const lines = cutLines(bytes.subarray(0, end), line, name)
    line = lines.next
    yield lines.found
  }
  yield cutLines(rest, line, name).found
}

function cutLines(bytes: Buffer, first: number, name: string): { found: PscLine[]; next: number } {
  const text = bytes.toString('latin1')
  const whole = isUtf8(bytes)
  const found: PscLine[] = []
  let line = first
  for (let from = 0; from < text.length; line += 1) {
    const at = text.indexOf('\n', from)
    const to = at === -1 ? text.length : at
    const end = to > from && text[to - 1] === '\r' ? to - 1 : to
    if (end > from) {
      const own = bytes.subarray(from, end)
      if (!whole && !isUtf8(own)) throw foreign(line, 'it is not UTF-8', name)
      found.push(lineOf(own, text.slice(from, end), line, name))
    }
    from = to + 1
  }
  return { found, next: line }
}

const NUMBER_FIRST = '{"company_number":"'
const KIND = '"kind":"'
/** Inside a text the quotes would be escaped, so that these stand for what they seem to. */
const PLAIN = /^[A-Z0-9]{8}$/

/** Most lines are about companies that are not stored: they are not parsed, but looked at where the service writes things. */
function lineOf(bytes: Buffer, text: string, line: number, name: string): PscLine {
  const read = () => parse(bytes, line, name)
  const kindAt = text.startsWith(NUMBER_FIRST) && text.endsWith('}}') ? text.indexOf(KIND) : -1
  const number = text.slice(NUMBER_FIRST.length, NUMBER_FIRST.length + 8)
  if (kindAt !== -1 && text[NUMBER_FIRST.length + 8] === '"' && PLAIN.test(number)) {
    const from = kindAt + KIND.length
    return { line, companyNumber: number, kind: text.slice(from, text.indexOf('"', from)), read }
  }
  const { company_number, data } = read()
  const kind = (data as { kind?: unknown } | null | undefined)?.kind
  if (typeof kind !== 'string') throw foreign(line, 'it has no kind', name)
  if (typeof company_number === 'string')
    return { line, companyNumber: companyNumber(company_number) ?? '', kind, read }
  if (!kind.startsWith(TOTALS)) throw foreign(line, 'it names no company', name)
  return { line, companyNumber: null, kind, read }
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
    hint: `download it again: ${PSC_SNAPSHOT.page}; nothing was imported`,
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
export function readTotals({ data }: { data?: unknown }): PscTotals | null {
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
