// Reads a list of company numbers as customers send it: one a line in any spelling, or a column of a CSV file.

import type { RegisterSource } from '../../companies-house/register/source.ts'
import { companyNumber } from '../../company-number.ts'
import { ChpipeError } from '../../errors.ts'
import { decodedText } from '../../settings.ts'

export interface ListedCompany {
  /** In the register's form. */
  number: string
  /** As the list has it. */
  written: string
  line: number
}

export interface CompanyList {
  /** Each company once, in the order of the list. */
  companies: ListedCompany[]
  /** Lines that name a company again. */
  duplicates: number
  /** Lines that hold no company number, or what might be several. */
  unreadable: { line: number; written: string }[]
}

/** A list of all companies that there are has fewer bytes. */
const MOST_BYTES = 256 * 1024 * 1024
const LONGEST_SHOWN = 80

/**
 * The companies of a list. Throws a `data` error for a file without company numbers, and for one of which most lines hold
 * none: then it is hardly a list of them.
 */
export async function readCompanyList(source: RegisterSource): Promise<CompanyList> {
  const rows = chooseColumn(await readText(source))
  const list: CompanyList = { companies: [], duplicates: 0, unreadable: [] }
  const seen = new Set<string>()
  for (const { line, written } of rows) {
    const number = companyNumber(written)
    if (number === null) list.unreadable.push({ line, written: written.slice(0, LONGEST_SHOWN) })
    else if (seen.has(number)) list.duplicates += 1
    else {
      seen.add(number)
      list.companies.push({ number, written, line })
    }
  }
  const readable = list.companies.length + list.duplicates
  if (readable > 0 && readable >= list.unreadable.length) return list
  const [first] = list.unreadable
  const where = first ? `: line ${first.line} is no company number: ${first.written}` : ''
  throw new ChpipeError('data', `This is no list of company numbers${where}: ${source.name}`, {
    hint: 'one number a line, or a CSV file with a column such as company_number',
  })
}

async function readText({ parts, name }: RegisterSource): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for (const part of parts) {
    for await (const chunk of part.chunks()) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > MOST_BYTES) throw new ChpipeError('data', `A list of companies is not as long as this: ${name}`)
    }
  }
  return decodedText(Buffer.concat(chunks))
}

interface Row {
  line: number
  written: string
}

interface Cells {
  line: number
  cells: string[]
}

/** What a column of company numbers is called, without signs. */
const HEADINGS = new Set(
  `companynumber companyno companynum companyid companyregistrationnumber companyregno crn number no regno
  registrationnumber registrationno registeredno registerednumber companieshousenumber`.split(/\s+/),
)

/** The column that its heading names, else the one that holds most company numbers; whole lines where they hold as many. */
function chooseColumn(text: string): Row[] {
  const lines = text.split(/\r\n|\n|\r/).map((written, index) => ({ line: index + 1, written: written.trim() }))
  const whole = lines.filter(({ written }) => written !== '' && !written.startsWith('#'))
  const records = readCells(text, delimiterOf(whole[0]?.written ?? ''))
  const [head] = records
  const named = head?.cells.findIndex((cell) => HEADINGS.has(cell.toLowerCase().replace(/[^a-z]/g, ''))) ?? -1
  if (named !== -1) return columnOf(records.slice(1), named)
  const isNumber = (cell: string | undefined) => cell !== undefined && companyNumber(cell) !== null
  const counts = (head?.cells ?? []).map((_, at) => records.filter(({ cells }) => isNumber(cells[at])).length)
  const most = Math.max(0, ...counts)
  const rows =
    most > whole.filter(({ written }) => isNumber(written)).length ? columnOf(records, counts.indexOf(most)) : whole
  const [first] = rows
  return first && !/\d/.test(first.written) ? rows.slice(1) : rows
}

function columnOf(records: Cells[], at: number): Row[] {
  return records.flatMap(({ line, cells }) => {
    const written = cells[at]?.trim() ?? ''
    return written === '' && cells.every((cell) => cell.trim() === '') ? [] : [{ line, written }]
  })
}

function delimiterOf(line: string): string {
  const counts = [',', ';', '\t', '|'].map((sign) => ({ sign, count: line.split(sign).length }))
  return counts.toSorted((a, b) => b.count - a.count)[0]?.sign ?? ','
}

/** Records of a delimited text; a quoted cell may hold delimiters, line ends and doubled quotes. */
function readCells(text: string, delimiter: string): Cells[] {
  const records: Cells[] = []
  let [cell, quoted, line] = ['', false, 1]
  let record: Cells = { line, cells: [] }
  const endRecord = () => {
    record.cells.push(cell)
    if (record.cells.length > 1 || cell.trim() !== '') records.push(record)
    cell = ''
  }
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] ?? ''
    if (sign === '\n') line += 1
    if (quoted) {
      if (sign !== '"') cell += sign
      else if (text[at + 1] === '"') {
        cell += sign
        at += 1
      } else quoted = false
    } else if (sign === '"' && cell.trim() === '') {
      quoted = true
      cell = ''
    } else if (sign === delimiter) {
      record.cells.push(cell)
      cell = ''
    } else if (sign === '\n') {
      endRecord()
      record = { line, cells: [] }
    } else if (sign !== '\r') cell += sign
  }
  endRecord()
  return records
}
