// Reads a bulk file from end to end, a record at a time, and believes it only whole: a header, records, and a trailer that
// counts them (facts 5.2).
import { ChpipeError } from '../../errors.ts'
import type { BulkFile } from './files.ts'
import { linesOf } from './lines.ts'
import { type BulkHeader, readBulkHeader, readTrailer, recordKind } from './records.ts'

export interface BulkRecord {
  kind: 'company' | 'person'
  /** As it stands in the file. */
  line: string
  /** From 1. */
  number: number
}

export interface BulkVisitor {
  /** The header is read, before any record; it may throw, and the file is read no further. */
  onHeader(header: BulkHeader): void
  onRecord(record: BulkRecord): void
  /** Called now and then. */
  onProgress(records: number): void
}

export interface BulkTotals {
  header: BulkHeader
  /** Records between header and trailer. */
  records: number
}

/**
 * Shows every record to the visitor. Throws a `data` error that names file and line for a file that is no bulk file of
 * officers, older than 2011, cut short, miscounted by its trailer, or longer than that: what was shown before must not be
 * used then.
 */
export async function readBulkFile({ name, chunks }: BulkFile, visitor: BulkVisitor): Promise<BulkTotals> {
  let header: BulkHeader | null = null
  let counted: number | null = null
  let records = 0
  let number = 0
  for await (const lines of linesOf(chunks(), name)) {
    for (const line of lines) {
      number += 1
      if (header === null) {
        header = headerOf(number === 1 ? line.replace(/^\uFEFF/, '') : line, name)
        visitor.onHeader(header)
        continue
      }
      if (line.trim() === '') continue
      if (counted !== null) throw behindTrailer(number, name)
      if (line.startsWith('99999999')) {
        counted = readTrailer(line)
        if (counted !== null) continue
      }
      const kind = recordKind(line)
      if (kind === null) throw noRecord(number, name)
      records += 1
      visitor.onRecord({ kind, line, number })
    }
    visitor.onProgress(records)
  }
  if (header === null) throw headerless(name)
  if (counted === null) throw cutShort(number, name)
  if (counted !== records) throw miscounted({ counted, records }, name)
  return { header, records }
}

const FETCH_AGAIN = 'fetch it again; nothing was imported'

/** The layout of before about 2011 has no partial date of birth, and other columns behind it. */
const FIRST_DAY = '2011-01-01'

function headerOf(line: string, name: string): BulkHeader {
  const header = readBulkHeader(line)
  if (header === null) throw headerless(name)
  if (header.producedOn < FIRST_DAY) {
    throw new ChpipeError('data', `The file is of ${header.producedOn}, and its layout older than 2011: ${name}`, {
      hint: 'import a newer snapshot; nothing was imported',
    })
  }
  return header
}

function headerless(name: string): ChpipeError {
  return new ChpipeError('data', `The file does not begin with a header such as DDDDSNAP425720260706: ${name}`, {
    hint: 'name the files of product 195, 216 or 198 as Companies House delivers them; nothing was imported',
  })
}

function cutShort(line: number, name: string): ChpipeError {
  const sentence = `The file is cut short: it ends behind line ${line} without a trailer: ${name}`
  return new ChpipeError('data', sentence, { hint: FETCH_AGAIN })
}

function miscounted({ counted, records }: { counted: number; records: number }, name: string): ChpipeError {
  const sentence = `The trailer counts ${counted} records, and the file has ${records}: ${name}`
  return new ChpipeError('data', sentence, { hint: FETCH_AGAIN })
}

function noRecord(line: number, name: string): ChpipeError {
  return new ChpipeError('data', `Line ${line} is no record of a company or person: ${name}`, { hint: FETCH_AGAIN })
}

function behindTrailer(line: number, name: string): ChpipeError {
  return new ChpipeError('data', `The file goes on behind its trailer, on line ${line}: ${name}`, {
    hint: 'name each part as a file of its own; nothing was imported',
  })
}
