import { stringify } from 'csv-stringify/sync'
import {
  array,
  boolean,
  check,
  constant,
  constantFrom,
  double,
  integer,
  oneof,
  property,
  string,
  tuple,
} from 'fast-check'
import { inferSchema, initParser } from 'udsv'
import { describe, expect, test } from 'vitest'
import { type Column, type Row, truthOf } from '../../../src/db/dataset/columns.ts'
import { csvHeader, csvLines, defuse, LINE_END } from '../../../src/steps/export/formats/csv.ts'
import { withoutControls, withoutHidden } from '../../../src/text.ts'

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
    ['\uFFFD=1', "'\uFFFD=1"],
    ['\uFFFD\uFFFD-2+3', "'\uFFFD\uFFFD-2+3"],
    ['\uFFFDA', '\uFFFDA'],
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

test.each([
  ['a\u200eb', 'a\uFFFDb'],
  ['\ufeffA', '\uFFFDA'],
  ['a\u200bb\u2060c', 'a\uFFFDb\uFFFDc'],
  ['line\u2028end\u2029', 'line\uFFFDend\uFFFD'],
  ['sof\u00adt', 'sof\uFFFDt'],
  ['a\u200db', 'a\uFFFDb'],
  ['\u200b=1+1', "'\uFFFD=1+1"],
  ['\u202e\u200f@x', "'\uFFFD\uFFFD@x"],
  ['a\ud800b\uffff', 'a\uFFFDb\uFFFD'],
  ['\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645', '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645'],
])('what cannot be seen is seen, and hides no formula: %j', (text, expected) => {
  expect(csvLines(columns, { raw: false })([['x', text, null]])).toEqual([`x,${expected},`])
})

test('ids keep what cannot be seen, byte for byte', () => {
  expect(csvLines(columns, { raw: false })([['-a\u200bB\u2028', 'x', null]])).toEqual(["'-a\u200bB\u2028,x,"])
  expect(csvLines(columns, { raw: false })([['a\u200bB', 'x', null]])).toEqual(['a\u200bB,x,'])
})

test('raw leaves formulas as they are', () => {
  expect(csvLines(columns, { raw: true })([['-a', '=1+1', '@x']])).toEqual(['-a,=1+1,@x'])
})

test('replaces control characters in every column, its own record separator included', () => {
  const lines = csvLines(columns, { raw: false })
  expect(lines([['a\u001eb', '\u001b[31mred\u0000', '\u0085\u001e=1']])).toEqual([
    "a\uFFFDb,\uFFFD[31mred\uFFFD,'\uFFFD\uFFFD=1",
  ])
})

test('any text comes back from an independent parser, cell for cell', () => {
  const nasty = constantFrom('"', '""', ',', '\n', '\r\n', '\r', "'", 'a', 'é', '😀', '=', '-', ' ')
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

/** The lines as csv-stringify writes the same cells, once they are made harmless. */
function judged(columns: Column[], rows: Row[], { raw }: { raw: boolean }): string {
  const harmless = ({ kind }: Column, text: string) => {
    const clean = kind === 'id' ? withoutControls(text) : withoutHidden(text)
    return raw || (kind === 'id' && /^-[\w-]*$/.test(clean)) ? clean : defuse(clean)
  }
  const cells = rows.map((row) =>
    columns.map((column, index) => {
      const cell = row[index] ?? null
      if (typeof cell === 'string') return harmless(column, cell)
      return column.kind === 'truth' && cell !== null ? String(truthOf(cell)) : cell
    }),
  )
  return stringify(cells, { record_delimiter: LINE_END, quote_record_delimiter: true })
}

test('every line is what csv-stringify writes, whatever a cell holds', () => {
  const all: Column[] = [
    ...columns,
    { name: 'count', kind: 'number' },
    { name: 'flag', kind: 'truth' },
    { name: 'day', kind: 'date' },
    { name: 'list', kind: 'json' },
  ]
  const nasty = constantFrom(
    ...['"', ',', '\n', '\r\n', '\r', '\t', '\0', '\u001e', '\u007f', '\u0085', '\u200b', '\u200d', '\u2028', '\ufeff'],
    ...[
      '\ud800',
      '\udfff',
      '\uffff',
      '\ufffd',
      '=',
      '+',
      '-',
      '@',
      '＝',
      "'",
      'a',
      '7',
      ' ',
      '~',
      'é',
      '😀',
      '{"a":[1]}',
    ],
  )
  const cell = oneof(
    constant(null),
    array(nasty, { maxLength: 5 }).map((parts) => parts.join('')),
    string({ unit: 'binary' }),
    integer(),
    double(),
    constantFrom('', '-5', '-aB_9', 0, 1),
  )
  const result = check(
    property(
      array(array(cell, { minLength: all.length, maxLength: all.length }), { maxLength: 4 }),
      boolean(),
      (rows, raw) => {
        const lines = csvLines(all, { raw })(rows)
        expect(lines.map((line) => line + LINE_END).join('')).toBe(judged(all, rows, { raw }))
      },
    ),
    { numRuns: 2000 },
  )
  expect(result.failed ? result : 'holds').toBe('holds')
})
