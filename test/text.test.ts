import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { filed, hang, parseJson, shellWord, wellFormed } from '../src/text.ts'

describe('text on its way in', () => {
  it.each([
    ['  ACME LIMITED \t', 'ACME LIMITED'],
    ['\u00a0ACME\u00a0', 'ACME'],
    ['A\ud800B', 'A\ufffdB'],
    ['A\udc00\ud800', 'A\ufffd\ufffd'],
    ['A\ufffeB\uffff', 'A\ufffdB\ufffd'],
    ['😀 & Söhne', '😀 & Söhne'],
    ['two  blanks stay', 'two  blanks stay'],
    [' \n', null],
    ['', null],
    [null, null],
    [undefined, null],
  ])('%j is filed as %j', (text, expected) => {
    expect(filed(text)).toBe(expected)
  })

  it('is well-formed whatever came, and left alone where it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.integer({ min: 0, max: 0xffff })), (text, units) => {
        expect(wellFormed(text)).toBe(text.replace(/[\ufffe\uffff]/g, '\ufffd'))
        const any = wellFormed(String.fromCharCode(...units))
        expect(any.isWellFormed()).toBe(true)
        expect(any).not.toMatch(/[\ufffe\uffff]/)
        expect(any).toHaveLength(units.length)
      }),
    )
  })
})

describe('parseJson', () => {
  it.each([
    [String.raw`{"a":"x\ud800y"}`, { a: 'x\ufffdy' }],
    [String.raw`{"a":"\uDC00"}`, { a: '\ufffd' }],
    [String.raw`["\uFFFE\uffff"]`, ['\ufffd\ufffd']],
    [String.raw`["\ud83d\ude00"]`, ['😀']],
    [String.raw`["\ud83d\ud83d\ude00"]`, ['\ufffd😀']],
    [String.raw`["\\ud800"]`, ['\\ud800']],
    [String.raw`["\\\ud800"]`, ['\\\ufffd']],
    [String.raw`["\"\ud800\""]`, ['"\ufffd"']],
    [String.raw`{"\ud800":1}`, { '\ufffd': 1 }],
    ['["\uffff"]', ['\ufffd']],
    ['\ufeff{"a":1}', { a: 1 }],
  ])('reads %s', (text, value) => {
    expect(parseJson(text)).toEqual(value)
  })

  it('reads all other text as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        fc.pre(!/[\ufffe\uffff]|\\u(d[89a-f]|fff[ef])/i.test(text))
        expect(parseJson(text)).toEqual(JSON.parse(text))
      }),
    )
    for (const broken of ['', '{', String.raw`"\ud80"`]) expect(() => parseJson(broken)).toThrow(SyntaxError)
  })
})

describe('a line on a terminal', () => {
  it.each([
    ['one two', 7, 2, 'one two'],
    ['one two three', 8, 2, 'one two\n  three'],
    ['12:00 info  one two three', 20, 12, '12:00 info  one two\n            three'],
    ['one two three four', 7, 5, 'one two\n     three\n     four'],
    ['averylongword and more', 6, 2, 'averylongword\n  and\n  more'],
    ['averylongword', 6, 2, 'averylongword'],
    ['', 6, 2, ''],
  ])('%j in %i columns', (line, width, indent, shown) => {
    expect(hang(line, width, indent)).toBe(shown)
  })
})

it.each([
  ['customer.csv', 'customer.csv'],
  ['my list.csv', "'my list.csv'"],
  ["O'Neil", "'O'\\''Neil'"],
  ['$(x)', "'$(x)'"],
  ['', "''"],
])('%s is a word of a shell as %s', (text, word) => {
  expect(shellWord(text)).toBe(word)
})
