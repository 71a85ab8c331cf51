import { array, check, constant, constantFrom, double, integer, json, oneof, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { type Column, itemOfRow } from '../../../src/db/dataset/columns.ts'
import { jsonMembers } from '../../../src/steps/export/formats/json-text.ts'
import { addText, takeBytes, textBytes } from '../../../src/steps/export/formats/text-bytes.ts'
import { safeJson } from '../../../src/text.ts'

const columns: Column[] = [
  { name: 'id', kind: 'id' },
  { name: 'name', kind: 'text' },
  { name: 'count', kind: 'number' },
  { name: 'day', kind: 'date' },
  { name: 'flag', kind: 'truth' },
  { name: 'codes', kind: 'codes' },
  { name: 'list', kind: 'json' },
]

test('a row is the JSON of its item, whatever its cells hold', () => {
  const nasty = constantFrom(
    '"',
    '\\',
    '/',
    ',',
    '\n',
    '\0',
    '\u007f',
    '\u0085',
    '\u2028',
    '\u200b',
    '\ud800',
    'é',
    '😀',
    'a',
    '~',
    ' ',
  )
  const cell = oneof(
    constant(null),
    array(nasty, { maxLength: 5 }).map((parts) => parts.join('')),
    string({ unit: 'binary' }),
    json(),
    integer(),
    double(),
    constantFrom(
      -0,
      2 ** 60,
      Number.POSITIVE_INFINITY,
      '',
      '62020,62090',
      ',',
      '[1.0, "\\u200b"]',
      '{"a": {}}',
      '0',
      '1',
    ),
  )
  const addMembers = jsonMembers(columns)
  const row = array(cell, { minLength: columns.length, maxLength: columns.length })
  const result = check(
    property(array(row, { maxLength: 3 }), (rows) => {
      const bytes = textBytes()
      for (const row of rows) addMembers(bytes, row)
      const items = rows.map((row) => safeJson(itemOfRow(columns, row)).slice(1, -1))
      expect(Buffer.from(takeBytes(bytes)).toString()).toBe(items.join(''))
    }),
    { numRuns: 1500 },
  )
  expect(result.failed ? result : 'holds').toBe('holds')
})

test('text finds room however long it is, and what was taken holds while the next is added', () => {
  const bytes = textBytes()
  const addMembers = jsonMembers(columns)
  const long = ['x'.repeat(700_000), 'é"'.repeat(400_000), null, 'y'.repeat(1_200_000), null, null, null]
  addMembers(bytes, long)
  const first = takeBytes(bytes)
  addMembers(bytes, long)
  addText(bytes, '\u{1f600}')
  const once = safeJson(itemOfRow(columns, long)).slice(1, -1)
  expect(Buffer.from(first).toString() === once).toBe(true)
  expect(Buffer.from(takeBytes(bytes)).toString() === `${once}\u{1f600}`).toBe(true)
})
