// What the row groups of a Parquet file hold, read back by another's reader: values that come again and values that never
// do, gaps, text beyond ASCII, and long documents.
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { describe, expect, test } from 'vitest'
import type { Column, Row } from '../../../src/db/dataset/columns.ts'
import { createParquetFile } from '../../../src/steps/export/formats/parquet-file.ts'
import { withoutHidden } from '../../../src/text.ts'

const COLUMNS: Column[] = [
  { name: 'company_number', kind: 'id' },
  { name: 'company_name', kind: 'text' },
  { name: 'country', kind: 'text' },
  { name: 'count', kind: 'number' },
  { name: 'is_active', kind: 'truth' },
  { name: 'appointed_on', kind: 'date' },
  { name: 'fetched_at', kind: 'date' },
  { name: 'former_names', kind: 'json' },
]

async function written(rows: Row[]): Promise<ArrayBuffer> {
  const parts: Buffer[] = []
  const file = createParquetFile(COLUMNS, async (bytes) => {
    parts.push(Buffer.from(bytes))
  })
  await file.add(rows)
  await file.end()
  return Uint8Array.from(Buffer.concat(parts)).buffer
}

async function readBack(file: ArrayBuffer): Promise<unknown[][]> {
  const rows = await parquetReadObjects({ file })
  return rows.map((row) => COLUMNS.map(({ name }) => row[name] ?? null))
}

const day = (index: number) => new Date(Date.UTC(1855, 0, 1 + index))
const moment = (index: number) => new Date(Date.UTC(2026, 0, 1) + index * 1234)

/** Cells, and what a reader should find. */
function sample(index: number): { row: Row; found: unknown[] } {
  const number = String(index).padStart(8, '0')
  const gap = index % 7 === 3
  const name = index % 50 === 0 ? `ÉCLAIR ${index} – „Ö“ 🏢` : `COMPANY ${index * 7919} LIMITED`
  const country = ['England', 'Scotland', '', 'Côte d’Ivoire'][index % 4] ?? ''
  const told = { name: `NAME ${index % 100}`, on: null }
  return {
    row: [
      number,
      gap ? null : name,
      country,
      gap ? null : index - 100,
      index % 3 === 0 ? 1 : index % 3 === 1 ? 0 : null,
      index % 11 === 0 ? '1 May' : day(index).toISOString().slice(0, 10),
      moment(index).toISOString(),
      index % 5 === 0 ? JSON.stringify([told]) : null,
    ],
    found: [
      number,
      gap ? null : name,
      country,
      gap ? null : index - 100,
      index % 3 === 0 ? true : index % 3 === 1 ? false : null,
      index % 11 === 0 ? null : day(index),
      moment(index),
      index % 5 === 0 ? [told] : null,
    ],
  }
}

describe('a file of several row groups', () => {
  test('holds every value, and bounds that are right', async () => {
    const samples = Array.from({ length: 60_000 }, (_, index) => sample(index))
    const file = await written(samples.map(({ row }) => row))
    const found = await readBack(file)
    const wrong = samples.findIndex((one, index) => !isDeepStrictEqual(one.found, found[index]))
    expect(wrong === -1 ? null : [found[wrong], samples[wrong]?.found]).toBeNull()
    expect(found).toHaveLength(60_000)
    const { row_groups: groups, num_rows: rows } = parquetMetadata(file)
    expect(Number(rows)).toBe(60_000)
    expect(groups.map((group) => Number(group.num_rows))).toEqual([5_000, 15_000, 15_000, 15_000, 10_000])
    const column = (name: string) => groups[1]?.columns[COLUMNS.findIndex((one) => one.name === name)]?.meta_data
    expect(column('company_number')).toMatchObject({ encodings: ['PLAIN'], statistics: { min_value: '00005000' } })
    expect(column('count')?.statistics).toMatchObject({ min_value: 4900, max_value: 19_899, null_count: 2143n })
    expect(column('country')).toMatchObject({ encodings: ['PLAIN', 'RLE_DICTIONARY'] })
    expect(column('appointed_on')?.statistics).toMatchObject({ min_value: day(5000) })
    expect(column('fetched_at')?.statistics).toMatchObject({ max_value: moment(19_999) })
  })

  test('ends a group early where texts are long', async () => {
    const long = JSON.stringify(['x'.repeat(100_000)])
    const file = await written(
      Array.from({ length: 600 }, (_, index) => [
        '1',
        null,
        null,
        index,
        null,
        null,
        null,
        long.replace('x', String(index)),
      ]),
    )
    const { row_groups: groups } = parquetMetadata(file)
    expect(groups.map((group) => Number(group.num_rows))).toEqual([250, 250, 100])
    expect((await readBack(file)).map((row) => row[3])).toEqual(Array.from({ length: 600 }, (_, index) => index))
  })

  test('may be without any row, or with one that is empty', async () => {
    expect(await readBack(await written([]))).toEqual([])
    expect(await readBack(await written([COLUMNS.map(() => null)]))).toEqual([COLUMNS.map(() => null)])
  })
})

test('any text is what it is in the other formats', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { maxLength: 20 }), async (texts) => {
      const file = await written(texts.map((text) => ['1', text, null, null, null, null, null, null]))
      expect((await readBack(file)).map((row) => row[1])).toEqual(texts.map(withoutHidden))
    }),
    { numRuns: 60 },
  )
})

test('a number that is no whole number of four bytes is no silent other number', async () => {
  for (const wrong of [1.5, 2 ** 31, -(2 ** 31) - 1, 'three']) {
    await expect(written([['1', null, null, wrong, null, null, null, null]])).rejects.toThrow('an integer of 4 bytes')
  }
})
