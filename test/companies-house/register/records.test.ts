import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CsvRecord, createRecordReader } from '../../../src/companies-house/register/records.ts'
import { ChpipeError } from '../../../src/errors.ts'
import { anyCharacter } from '../../any-character.ts'

interface Read {
  records: CsvRecord[]
  texts: string[]
  unterminated: { record: CsvRecord; openQuote: boolean } | null
}

/** Reads the input in pieces cut at the given places. */
function read(input: Buffer | string, cuts: number[] = []): Read {
  const bytes = Buffer.from(input)
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  const reader = createRecordReader()
  const records: CsvRecord[] = []
  const texts: string[] = []
  const batches = [0, ...places].map((from, index) => reader.read(bytes.subarray(from, places[index])))
  for (const batch of [...batches, reader.end()]) {
    for (const record of batch.records) {
      records.push(record)
      texts.push(batch.text(record))
    }
    if (batch.unterminated) return { records, texts, unterminated: batch.unterminated }
  }
  return { records, texts, unterminated: null }
}

const cellsOf = ({ records }: Read) => records.map(({ cells }) => cells)
const faultsOf = ({ records }: Read) => records.map(({ line, fault }) => [line, fault])

describe('the reader of CSV records', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: anyCharacter }),
    fc.constantFrom('', '"', ',', '\n', '\r\n', 'Ł', '😀"'),
  )
  const table = fc.array(fc.array(text, { minLength: 2, maxLength: 6 }), { minLength: 1, maxLength: 8 })

  it('gives back any table, quoted, however the bytes are cut', () => {
    fc.assert(
      fc.property(table, fc.constantFrom('\n', '\r\n'), fc.array(fc.nat(), { maxLength: 8 }), (rows, lineEnd, cuts) => {
        const input = rows
          .map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',') + lineEnd)
          .join('')
        expect(cellsOf(read(input, cuts))).toEqual(rows)
      }),
      { numRuns: 1000 },
    )
  })

  it('reads the rows behind one with wrong quotes as the text that they are', () => {
    const found = read('a,"x\n,é\n",b,"x"x\n')
    expect(found.records.slice(0, 2)).toMatchObject([
      { cells: ['a', 'x\n,é\n', 'b', 'x'], fault: 'its quotes do not match' },
      { cells: ['', 'é'], fault: null },
    ])
  })

  it('gives back any table of plain cells, unquoted, however the bytes are cut', () => {
    const plain = fc.string({ unit: 'grapheme', minLength: 1 }).filter((cell) => !/[",\r\n\ufeff]/.test(cell))
    fc.assert(
      fc.property(fc.array(fc.array(plain, { minLength: 2 })), fc.array(fc.nat()), (rows, cuts) => {
        const filled = rows.filter((row) => row.length > 1)
        expect(cellsOf(read(filled.map((row) => `${row.join(',')}\n`).join(''), cuts))).toEqual(filled)
      }),
    )
  })

  it('tells the physical line of every record, whatever its cells hold', () => {
    const { records } = read('a,b\r\n\r\n"1\n2","3\r\n4"\n\nc,d\n', [9, 12])
    expect(records.map(({ line }) => line)).toEqual([1, 3, 7])
  })

  it('tolerates a byte order mark, even one that is cut', () => {
    expect(cellsOf(read('\ufeff"a",b\n', [1, 2]))).toEqual([['a', 'b']])
    expect(cellsOf(read('\ufeffa\n'))).toEqual([['a']])
  })

  it('keeps the text of a record for those who refuse it', () => {
    expect(read('a,"b\n""c"\r\nd\n', [3]).texts).toEqual(['a,"b\n""c"\r', 'd'])
  })

  it('reads only the cells that are asked for, and counts the others', () => {
    const reader = createRecordReader()
    reader.keepOnly([1])
    const { records } = reader.read(Buffer.from('"a","b","c",d\n'))
    expect(records[0]?.cells).toEqual(['', 'b', '', ''])
  })

  it('goes on behind a record whose quotes are wrong', () => {
    const input = '"a","b"\n"x "y" z","b"\n"open,"b"\n"c","d"\n'
    const broken = 'its quotes do not match'
    const result = read(input, [11, 25])
    expect(faultsOf(result)).toEqual([
      [1, null],
      [2, broken],
      [3, broken],
      [4, null],
    ])
    expect(result.texts[1]).toBe('"x "y" z","b"')
    expect(result.records[3]?.cells).toEqual(['c', 'd'])
  })

  it('loses one line to a quote that is never closed, not the rest of a long file', () => {
    const many = 'a,b\n'.repeat(400_000)
    const result = read(`a,b\n"open,b\n${many}`, [500_000, 1_000_000])
    expect(result.records).toHaveLength(400_002)
    expect(faultsOf(result)[1]).toEqual([2, 'its quotes do not match'])
  })

  it('marks records that are not UTF-8', () => {
    const latin1 = Buffer.concat([Buffer.from('a,É\n'), Buffer.from('b,CAF\xc9\n', 'latin1'), Buffer.from('c,d\n')])
    expect(faultsOf(read(latin1, [2, 3]))).toEqual([
      [1, null],
      [2, 'it is not valid UTF-8'],
      [3, null],
    ])
  })

  it('hands out a last record without line end apart', () => {
    expect(read('a,b\nc,d', [1]).unterminated).toMatchObject({
      record: { line: 2, cells: ['c', 'd'] },
      openQuote: false,
    })
    expect(read('a,b\nc,"d').unterminated).toMatchObject({ record: { line: 2 }, openQuote: true })
    expect(read('a,b\n"c","d"\r').unterminated).toMatchObject({ record: { cells: ['c', 'd'] }, openQuote: false })
    expect(read('a,b\n').unterminated).toBeNull()
  })

  it('refuses a line without end', () => {
    expect(() => read(Buffer.alloc(3_000_000, 'x'), [1_000_000, 2_000_000])).toThrow(ChpipeError)
  })
})
