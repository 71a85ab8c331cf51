import { describe, expect, it } from 'vitest'
import { paintFor } from '../../src/commands/paint.ts'
import { fitTable } from '../../src/commands/table.ts'

describe('a table', () => {
  const rows = [
    ['id', 'name', 'bytes'],
    ['1', 'the quick brown fox jumps over the lazy dog', '12'],
    ['22', 'short', '1,234'],
  ]

  it('is as wide as its cells where nothing limits it', () => {
    expect(fitTable(rows, { numbers: [2] }).split('\n')).toEqual([
      'id  name                                         bytes',
      '1   the quick brown fox jumps over the lazy dog     12',
      '22  short                                        1,234',
      '',
    ])
  })

  it('breaks the widest column between words, and loses nothing', () => {
    const text = fitTable(rows, { width: 30, numbers: [2], indent: 2 })
    expect(text.split('\n')).toEqual([
      '  id  name               bytes',
      '  1   the quick brown       12',
      '      fox jumps over',
      '      the lazy dog',
      '  22  short              1,234',
      '',
    ])
  })

  it.each([20, 40, 80, 120])('stays within %i columns where words may be broken', (width) => {
    const long = [
      ['a'.repeat(60), 'b b b', 'x'.repeat(9)],
      ['č'.repeat(30), '', 'words that go on and on'],
    ]
    const lines = fitTable(long, { width }).split('\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(Math.max(width, 8 * 3 + 4))
    expect(lines.join('').replace(/[^a]/g, '')).toHaveLength(60 + 2)
  })

  it('keeps a word whole while another column can give way', () => {
    const text = fitTable([['somebody@a-long-domain.example', 'several words of a name']], { width: 42 })
    expect(text.split('\n')[0]).toMatch(/^somebody@a-long-domain\.example {2}several$/)
  })

  it('shows no control characters', () => {
    expect(fitTable([['a\x1b[31mb', 'c\nd']])).toBe('a�[31mb  c d\n')
  })
})

describe('paint', () => {
  const on = (isTTY: boolean, color: boolean, TERM = 'xterm') =>
    paintFor({ host: { stdout: { isTTY }, env: { TERM } } as never, color }, 'stdout').bad('no')

  it('colours on a terminal, and leaves text alone elsewhere, under NO_COLOR and on a dumb terminal', () => {
    expect(on(true, true)).toBe('\x1b[31mno\x1b[39m')
    expect([on(false, true), on(true, false), on(true, true, 'dumb')]).toEqual(['no', 'no', 'no'])
  })
})
