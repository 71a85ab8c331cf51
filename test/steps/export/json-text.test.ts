import { array, check, constant, constantFrom, double, integer, json, oneof, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { type Column, itemOfRow } from '../../../src/db/dataset/columns.ts'
import { jsonMembers } from '../../../src/steps/export/formats/json-text.ts'
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
  const members = jsonMembers(columns)
  const result = check(
    property(array(cell, { minLength: columns.length, maxLength: columns.length }), (row) => {
      expect(`{${members(row)}}`).toBe(safeJson(itemOfRow(columns, row)))
    }),
    { numRuns: 3000 },
  )
  expect(result.failed ? result : 'holds').toBe('holds')
})
