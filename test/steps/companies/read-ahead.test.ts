// Register files of more than a megabyte, which a thread reads.
import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { openRegister } from '../../../src/companies-house/register/source.ts'
import { openMarks } from '../../../src/db/companies/row-marks.ts'
import { type Db, openDb } from '../../../src/db/open.ts'
import { importCompanies } from '../../../src/steps/companies/import.ts'
import { type FileTold, type PackedRows, type Row, rowsOf } from '../../../src/steps/companies/packed-rows.ts'
import { readRows } from '../../../src/steps/companies/read-ahead.ts'
import { createRowsReader, type RowsOptions } from '../../../src/steps/companies/rows.ts'
import { csv, row } from '../../companies-house/register/fixtures.ts'
import { type TempFolder, tempFolder } from '../../host.ts'

const OPTIONS: RowsOptions = { name: 'register.csv', partName: null, asOf: '2026-10-01', known: null }

const NAMES = ['PLAIN LIMITED', 'CAFÉ ÉTÉ LIMITED', 'SHY "QUOTES" LTD', 'Ł\nTWO LINES', '😀 LTD']

/** Rows as different as a file has them, some of which cannot be right. */
const ROWS = Array.from({ length: 4000 }, (_, index) =>
  row({
    CompanyNumber: index % 701 === 700 ? 'NONE' : String(index + 1).padStart(8, index % 3 === 0 ? '0' : 'SC'),
    CompanyName: NAMES[index % NAMES.length] ?? '',
    CompanyStatus: index % 97 === 0 ? 'Sleeping' : 'Active',
    'Mortgages.NumMortCharges': index % 89 === 0 ? 'many' : String(index % 200),
    'Accounts.NextDueDate': index % 2 === 0 ? '30/06/2027' : '',
    'PreviousName_1.CompanyName': index % 5 === 0 ? 'EARLIER & SONS LTD' : '',
    'PreviousName_1.CONDATE': index % 5 === 0 ? '01/02/2003' : '',
    'SICCode.SicText_1': `${10000 + (index % 50)} - Growing of things ${index % 50}`,
  }),
)
const FILE = Buffer.from(csv(ROWS))

async function* pieces(bytes: Buffer, size = 50_001): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

interface Found {
  rows: Row[]
  rejects: PackedRows['rejects']
  odd: PackedRows['odd'][number]['cells'][]
  told?: FileTold | undefined
}

function take(found: Found, packed: PackedRows): Found {
  const next = rowsOf(packed)
  for (let at = 0; at < packed.count; at += 1) found.rows.push(next())
  found.rejects.push(...packed.rejects)
  found.odd.push(...packed.odd.map(({ cells }) => cells))
  found.told = packed.told ?? found.told
  return found
}

const nothing = (): Found => ({ rows: [], rejects: [], odd: [] })

async function readAhead(bytes: Buffer, options = OPTIONS): Promise<Found> {
  const found = nothing()
  for await (const packed of readRows(pieces(bytes), options)) take(found, packed)
  return found
}

function readHere(bytes: Buffer): Found {
  const reader = createRowsReader(OPTIONS)
  return take(take(nothing(), reader.read(bytes)), reader.end())
}

describe('the rows of a long file', () => {
  it('are those that it has', async () => {
    expect(FILE.length).toBeGreaterThan(1.1e6)
    const found = await readAhead(FILE)
    expect(found.rows).toHaveLength(ROWS.length)
    expect(found.rejects).toHaveLength(5)
    expect(found.odd).toHaveLength(45)
    expect(found.told?.sicDescriptions).toHaveLength(50)
    expect(found).toEqual(readHere(FILE))
  })

  it('are known by their marks', async () => {
    const { rows } = readHere(FILE)
    const marks = openMarks(ROWS.length)
    for (const one of rows) if (one.kind === 'company' && one.mark !== null) marks.add(one.mark)
    const found = await readAhead(FILE, { ...OPTIONS, known: marks })
    const marked = rows.flatMap((one) => (one.kind === 'company' && one.mark !== null ? [one.mark] : []))
    const known = found.rows.flatMap((one) => (one.kind === 'known' ? [one.mark] : []))
    // A name of two lines is no line: its row is read.
    expect(known).toHaveLength(marked.length - found.rows.filter((one) => one.kind === 'company' && one.mark).length)
    expect(known.length).toBeGreaterThan(3000)
    expect(found.rows.flatMap((one) => (one.kind === 'reject' ? [] : (one.mark ?? [])))).toEqual(marked)
  })

  it.each([
    ['that is cut short', FILE.subarray(0, FILE.length - 9), /^The file is cut short: it ends inside the row/],
    ['with other columns', Buffer.concat([Buffer.from('a,b\n'), FILE]), /^This is not BasicCompanyData/],
    ['with a line above a megabyte', Buffer.concat([FILE, Buffer.alloc(1.2e6, 'x')]), /^Line 4\d\d\d is longer than/],
  ])('are refused in one %s', async (_what, bytes, message) => {
    await expect(readAhead(bytes)).rejects.toMatchObject({ kind: 'data', message: expect.stringMatching(message) })
    expect(() => readHere(bytes)).toThrow(message)
  })

  it('end with what the file throws', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield* pieces(FILE)
      throw new Error('the zip is broken')
    }
    const reading = (async () => {
      for await (const _ of readRows(broken(), OPTIONS));
    })()
    await expect(reading).rejects.toThrow('the zip is broken')
  })

  it('let go of the file when nobody takes them', async () => {
    let isOpen = true
    async function* opened(): AsyncGenerator<Buffer> {
      try {
        yield* pieces(FILE)
      } finally {
        isOpen = false
      }
    }
    for await (const _ of readRows(opened(), OPTIONS)) break
    expect(isOpen).toBe(false)
  })
})

describe('the import of a long file', () => {
  let folder: TempFolder
  let db: Db

  beforeEach(() => {
    folder = tempFolder()
    db = openDb(folder.file('companies.db'))
  })

  afterEach(() => {
    db.$client.close()
    folder[Symbol.dispose]()
  })

  async function importing(text: string) {
    const path = folder.file('BasicCompanyDataAsOneFile-2026-10-01.csv')
    writeFileSync(path, text)
    const { signal } = new AbortController()
    const source = await openRegister({ path }, signal)
    const options = { source, filter: {}, rejectsFile: folder.file('rejects.csv'), onProgress() {} }
    return importCompanies({ db, clock: systemClock(), signal }, options)
  }

  const nameOf = (number: string) =>
    db.$client.prepare('SELECT company_name FROM companies WHERE company_number = ?').pluck().get(number)

  it('stores the last row of a company, though a row before it is stored as it stands', async () => {
    const named = (CompanyName: string) => row({ CompanyNumber: '99999999', CompanyName })
    await importing(csv([...ROWS, named('ONE LIMITED')]))
    const again = await importing(csv([...ROWS, named('ONE LIMITED'), named('TWO LIMITED'), named('ONE LIMITED')]))
    expect(again).toMatchObject({ inserted: 0, rejected: 5, duplicates: 2, rows_read: ROWS.length + 3 })
    expect(nameOf('99999999')).toBe('ONE LIMITED')
    expect(readFileSync(folder.file('rejects.csv'), 'utf8')).toContain('not a company number: ""NONE""')
  })
})
