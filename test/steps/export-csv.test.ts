import { array, check, constantFrom, oneof, property, string, tuple } from 'fast-check'
import { inferSchema, initParser } from 'udsv'
import { describe, expect, test } from 'vitest'
import type { Column } from '../../src/db/dataset.ts'
import { csvHeader, csvLines, defuse, LINE_END } from '../../src/steps/export/csv.ts'

const columns: Column[] = [
  { name: 'id', kind: 'id' },
  { name: 'name', kind: 'text' },
  { name: 'note', kind: 'text' },
]

describe('defuse', () => {
  test.each([
    ['=1+1', "'=1+1"],
    ['+44 20 7946 0000', "'+44 20 7946 0000"],
    ['-', "'-"],
    ['-2+3', "'-2+3"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', "'\r=1"],
    ['-5\n', "'-5\n"],
    ['-5', '-5'],
    ['+5.25', '+5.25'],
    ['-.5', '-.5'],
    ['-1e5', '-1e5'],
    ['A=1', 'A=1'],
    [' =1', ' =1'],
    ['', ''],
  ])('%j -> %j', (text, expected) => expect(defuse(text)).toBe(expected))
})

test('quotes what needs it, leaves null and empty cells empty, and takes an id with a hyphen for no formula', () => {
  const lines = csvLines(columns, { raw: false })
  expect(
    lines([
      ['-aBc', '=1+1', null],
      ['=id', 'say "hi", you', 'two\nlines'],
      ['x', 'two\r\nlines', '\r'],
      ['x', '', '-5'],
      ['x', ' spaces ', 7],
    ]),
  ).toEqual([`-aBc,'=1+1,`, `'=id,"say ""hi"", you","two\nlines"`, `x,"two\r\nlines","'\r"`, 'x,,-5', 'x, spaces ,7'])
})

test('raw leaves formulas as they are', () => {
  expect(csvLines(columns, { raw: true })([['-a', '=1+1', '@x']])).toEqual(['-a,=1+1,@x'])
})

test('replaces control characters in every column, its own record separator included', () => {
  const lines = csvLines(columns, { raw: false })
  expect(lines([['a\u001eb', '\u001b[31mred\u0000', '\u0085\u001e=1']])).toEqual([
    'a\uFFFDb,\uFFFD[31mred\uFFFD,\uFFFD\uFFFD=1',
  ])
})

test('any text comes back from an independent parser, cell for cell', () => {
  const nasty = constantFrom('"', '""', ',', '\n', '\r\n', '\r', "'", 'a', 'é', '😀', '=', '-', ' ', '\uFEFF')
  const cell = oneof(
    string(),
    array(nasty, { maxLength: 6 }).map((parts) => parts.join('')),
  ).map((text) => text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, '·'))
  const raw = csvLines(columns, { raw: true })
  const result = check(
    property(array(tuple(cell, cell, cell), { minLength: 1, maxLength: 20 }), (rows) => {
      const text = [csvHeader(columns.map(({ name }) => name)), ...raw(rows)].map((line) => line + LINE_END).join('')
      const parsed = initParser(inferSchema('id,name,note\r\nx,"y,""y""",z\r\n')).stringArrs(text)
      expect(parsed).toEqual(rows)
    }),
    { numRuns: 300 },
  )
  expect(result.failed ? result : 'holds').toBe('holds')
})
