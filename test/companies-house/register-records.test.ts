import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isoDay } from '../../src/companies-house/register-company.ts'
import { postcodeTest } from '../../src/companies-house/register-postcode.ts'
import { categoryOf, statusOf } from '../../src/companies-house/register-prose.ts'
import { type CsvRecord, createRecordReader } from '../../src/companies-house/register-records.ts'

/** All records of the bytes, cut into pieces at the given places. */
function readAll(bytes: Buffer, cuts: number[] = []): CsvRecord[] {
  const reader = createRecordReader()
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  const batches = places.slice(1).map((to, index) => reader.read(bytes.subarray(places[index], to)))
  const last = reader.end()
  const records = [...batches, last].flatMap((batch) => batch.records)
  return last.unterminated ? [...records, last.unterminated.record] : records
}

const cellsOf = (text: string) => readAll(Buffer.from(text)).map(({ cells }) => cells)

describe('createRecordReader', () => {
  it('reads back any table, quoted and cut at any byte', () => {
    const cell = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '"', 'a,b', 'x\ny', '\r\n', '£ẞ漢😀', ' '))
    const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 6 })
    const property = fc.property(table, fc.array(fc.nat(4000)), fc.constantFrom('\n', '\r\n'), (rows, cuts, end) => {
      const text = rows.map((row) => row.map((one) => `"${one.replaceAll('"', '""')}"`).join(',') + end).join('')
      const bytes = Buffer.from(text)
      const wanted = rows.map((row) => row.map((one) => Buffer.from(one).toString()))
      expect(
        readAll(
          bytes,
          cuts.filter((cut) => cut <= bytes.length),
        ).map(({ cells }) => cells),
      ).toEqual(wanted)
    })
    fc.assert(property, { numRuns: 300 })
  })

  it('knows the physical line of each record, whatever lies within its quotes', () => {
    const records = readAll(Buffer.from('a,b\n"one\ntwo\r\nthree",c\n\nd,e\n'))
    expect(records.map(({ line, cells }) => [line, cells[0]])).toEqual([
      [1, 'a'],
      [2, 'one\ntwo\r\nthree'],
      [6, 'd'],
    ])
  })

  it('takes a byte order mark, unquoted cells and a last line without an end', () => {
    expect(cellsOf('\uFEFFa,b\nc,')).toEqual([
      ['a', 'b'],
      ['c', ''],
    ])
  })

  it('loses one record only to quotes that do not match', () => {
    const records = readAll(Buffer.from('a,b\n"x"y,c\nd,e\n'))
    expect(records.map(({ fault }) => fault)).toEqual([null, 'its quotes do not match', null])
  })

  it('says which record is not UTF-8', () => {
    const records = readAll(
      Buffer.concat([Buffer.from('a,b\nc,'), Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from('d,e\n')]),
    )
    expect(records.map(({ fault }) => fault)).toEqual([null, 'it is not valid UTF-8', null])
  })

  it('ends at once with a quote that is never closed', () => {
    const reader = createRecordReader()
    reader.read(Buffer.from('a,b\n"open,'))
    expect(reader.end().unterminated).toMatchObject({ openQuote: true, record: { line: 2 } })
  })

  it('refuses a line without end, naming it', () => {
    const endless = Buffer.concat([Buffer.from('a,b\n'), Buffer.alloc(2_000_000, 0x61)])
    expect(() => readAll(endless)).toThrow('Line 2 is longer than 1048576 bytes')
  })
})

describe('isoDay', () => {
  const days: [text: string, day: string | null | undefined][] = [
    ['29/06/2011', '2011-06-29'],
    ['29/02/2024', '2024-02-29'],
    ['29/02/2023', undefined],
    ['31/04/2020', undefined],
    ['00/01/2020', undefined],
    ['2020-01-31', '2020-01-31'],
    ['1/1/2020', undefined],
    ['', null],
  ]
  for (const [text, day] of days) it(`reads ${JSON.stringify(text)}`, () => expect(isoDay(text)).toBe(day))
})

describe('prose', () => {
  it('becomes the slugs of the API, whatever its case', () => {
    expect(statusOf('Active - Proposal to Strike off')).toEqual({
      company_status: 'active',
      company_status_detail: 'active-proposal-to-strike-off',
    })
    expect(statusOf('RECEIVERSHIP')).toEqual({ company_status: 'receivership', company_status_detail: null })
    expect(categoryOf('PRI/LTD BY GUAR/NSC (Private, limited by guarantee, no share capital)').type).toBe(
      'private-limited-guarant-nsc',
    )
    expect(categoryOf('Limited Liability Partnership').type).toBe('llp')
  })

  it('is kept where it is unknown', () => {
    expect(statusOf('On the moon').company_status).toBe('On the moon')
    expect(categoryOf('Space Company').type).toBe('Space Company')
  })
})

describe('postcodeTest', () => {
  const cases: [prefix: string, matching: string[], others: string[]][] = [
    ['N', ['N1 1AA', 'N10 2BB'], ['NE1 1AA', 'NW3 1AA']],
    ['N1', ['N1 1AA', 'N1C 4AA'], ['N10 2BB']],
    ['sw1a 1', ['SW1A 1AA'], ['SW1A 2AA', 'SW1 1AA']],
  ]
  for (const [prefix, matching, others] of cases) {
    it(`finds ${matching} but not ${others} by ${prefix}`, () => {
      const test = postcodeTest(prefix)
      expect([...matching, ...others].filter((postcode) => test?.(postcode))).toEqual(matching)
    })
  }

  it('knows what is no beginning of a postcode', () => {
    expect(postcodeTest('12')).toBeNull()
  })
})
