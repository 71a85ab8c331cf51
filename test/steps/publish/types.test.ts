import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cell } from '../../../src/db/dataset/columns.ts'
import { dataDictionary } from '../../../src/db/dataset/dictionary.ts'
import { CELL_END, NULL_CELL } from '../../../src/db/dataset/lines.ts'
import { canonicalLine, copyLine, oddLines, readPiece, type Texts } from '../../../src/steps/publish/encode.ts'
import { canonicalJson } from '../../../src/steps/publish/json.ts'
import { isDate, publishedColumns, publishedType } from '../../../src/steps/publish/types.ts'
import { anyCharacter } from '../../any-character.ts'
import { type PostgresServer, startPostgres } from '../../postgres.ts'

let server: PostgresServer
let client: pg.Client

beforeAll(async () => {
  server = await startPostgres()
  client = new pg.Client(server.url)
  await client.connect()
  await client.query("SET timezone TO 'Asia/Tokyo'")
})
afterAll(async () => {
  await client.end()
  await server[Symbol.asyncDispose]()
})

type Name = Parameters<typeof publishedType>[1]

/** What the server writes back of a cell that was sent to it. */
async function back(type: Name, cell: Cell, name = 'x'): Promise<string | null> {
  const { declared, text, canonical } = publishedType(name, type)
  const { rows } = await client.query(
    `SELECT ${canonical('x')} AS told FROM (SELECT $1::${declared.split(' ')[0]} AS x) AS one`,
    [text(cell)],
  )
  return rows[0].told
}

const CELLS: [type: Name, cell: Cell, told: string | null][] = [
  ['text', 'Zoë\u200b', 'Zoë\uFFFD'],
  ['identifier', '-a\u0007', '-a\uFFFD'],
  ['slug', '', ''],
  ['whole number', 2_147_483_647, '2147483647'],
  ['whole number', 2_147_483_648, null],
  ['whole number', -2_147_483_648, '-2147483648'],
  ['whole number', '12', '12'],
  ['whole number', 'twelve', null],
  ['whole number', 1.5, null],
  ['date (YYYY-MM-DD)', '2024-02-29', '2024-02-29'],
  ['date (YYYY-MM-DD)', '2023-02-29', null],
  ['date (YYYY-MM-DD)', '0001-01-01', '0001-01-01'],
  ['date (YYYY-MM-DD)', '9999-12-31', '9999-12-31'],
  ['timestamp (ISO 8601, UTC)', '2026-11-23T15:24:00.000Z', '2026-11-23T15:24:00.000Z'],
  ['timestamp (ISO 8601, UTC)', '2026-11-23T15:24:00Z', '2026-11-23T15:24:00.000Z'],
  ['timestamp (ISO 8601, UTC)', '2026-11-23T15:24:00.123+01:00', '2026-11-23T14:24:00.123Z'],
  ['timestamp (ISO 8601, UTC)', '2026-11-23T24:61:00.000Z', null],
  ['timestamp (ISO 8601, UTC)', '2026-02-30T00:00:00.000Z', null],
  ['timestamp (ISO 8601, UTC)', '0001-01-01T00:00:00.000Z', '0001-01-01T00:00:00.000Z'],
  ['true or false', 1, '1'],
  ['true or false', 0, '0'],
  ['true or false', 'true', '1'],
  ['true or false', 'perhaps', null],
  ['true or false', null, null],
  [
    'JSON',
    '{"b":[1,2.50,"ä\\u0000"],"aa":null,"a":{"x":1e21}}',
    '{"a": {"x": 1000000000000000000000}, "b": [1, 2.5, "ä\uFFFD"], "aa": null}',
  ],
  ['JSON', '{"a":1', null],
  ['JSON', '[]', '[]'],
]

test.each(CELLS)('%s: %j is there as %j', async (type, cell, told) => {
  expect(await back(type, cell)).toBe(told)
  expect(publishedType('x', type).text(cell)).toBe(told)
})

test('numbers that stay below five digits are small', async () => {
  expect(publishedType('date_of_birth_month', 'whole number').declared).toBe('smallint')
  expect(publishedType('confidence', 'whole number').declared).toBe('smallint')
  expect(publishedType('run_id', 'whole number').declared).toBe('integer')
  expect(await back('whole number', 32_768, 'date_of_birth_year')).toBe(null)
  expect(await back('whole number', -32_768, 'date_of_birth_year')).toBe('-32768')
})

test('JSON comes back as it was sent, whatever it is', async () => {
  const json = fc.jsonValue({ stringUnit: anyCharacter })
  await fc.assert(
    fc.asyncProperty(json, async (value) => {
      const sent = canonicalJson(JSON.stringify(value))
      const { rows } = await client.query('SELECT $1::jsonb::text AS told', [sent])
      expect(rows[0].told).toBe(sent)
    }),
    { numRuns: 150 },
  )
})

test('days are those of the calendar', () => {
  const month = fc.integer({ min: 0, max: 13 })
  const date = fc.integer({ min: 0, max: 32 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9999 }), month, date, (year, month, date) => {
      const made = new Date(0)
      made.setUTCFullYear(year, month - 1, date)
      expect(isDate(year, month, date)).toBe(made.getUTCMonth() === month - 1 && made.getUTCDate() === date)
    }),
  )
})

describe('lines', () => {
  const columns = publishedColumns('domains')
  const kinds = columns.map(({ type }) => type.plain)
  const cell = fc.oneof(
    fc.constantFrom(null, 1, 92, -3, '2026-01-02T03:04:05.678Z', 'a.example', '', NULL_CELL, CELL_END, '\n', 'a\\b'),
    fc.string({ unit: anyCharacter, maxLength: 6 }),
  )
  const row = fc.array(cell, { minLength: columns.length, maxLength: columns.length })

  test('give every row the same texts, joined or not, whatever its cells hold', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 4 }), (rows) => {
        const text = Buffer.from(rows.map((cells) => cells.map((one) => one ?? NULL_CELL).join(CELL_END)).join('\n'))
        const expected = rows.map((cells) => columns.map(({ type }, at) => type.text(cells[at] ?? null)))
        const found: Texts[] = []
        readPiece({ text, rows: rows.length, cells: () => rows }, columns, {
          plain(lines) {
            for (const line of lines.toString().split('\n')) {
              found.push(line.split(CELL_END).map((one) => (one === NULL_CELL ? null : one)))
            }
          },
          careful: (texts) => found.push(texts),
        })
        expect(found).toEqual(expected)
      }),
      { numRuns: 2_000 },
    )
  })

  test('that are plain pass as they are', () => {
    const line = ['00000001', 'a.example', 'snov', '92', 'found', '2026-01-02T03:04:05.678Z', '3'].join(CELL_END)
    expect(oddLines(Buffer.from(`${line}\n${line}`), 2, kinds)).toEqual([])
    expect(oddLines(Buffer.from(`${line}\n${line}`), 1, kinds)).toBe(null)
    expect(oddLines(Buffer.from(`${line}${CELL_END}`), 1, kinds)).toBe(null)
    expect(oddLines(Buffer.from(line.replace('a.e', 'ä.e')), 1, kinds)).toEqual([0, line.length + 1])
    for (const [from, to] of [
      ['92', '9x'],
      ['92', ''],
      ['05.678', '60.678'],
      ['01-02', '02-30'],
      ['T', ' '],
    ]) {
      expect(oddLines(Buffer.from(line.replace(from ?? '', to ?? '')), 1, kinds)).toHaveLength(2)
    }
  })

  test('are escaped for COPY, and not for comparison', () => {
    const texts = ['a\\b', 'c\td\ne\r', null, '']
    expect(copyLine(texts)).toBe(['a\\\\b', 'c\\td\\ne\\r', NULL_CELL, ''].join(CELL_END))
    expect(canonicalLine(texts)).toBe(['a\\b', 'c\td\ne\r', NULL_CELL, ''].join(CELL_END))
  })
})

test('every column of the dictionary has a type', () => {
  for (const [table, { columns }] of Object.entries(dataDictionary)) {
    const published = publishedColumns(table as keyof typeof dataDictionary)
    expect(published.map(({ name }) => name)).toEqual(Object.keys(columns))
    expect(published.filter(({ type }) => !type)).toEqual([])
  }
})
