import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSplitter, type Line } from '../../../src/companies-house/stream/lines.ts'
import { anyCharacter } from '../../any-character.ts'

function split(chunks: Uint8Array[], maxBytes?: number): { lines: Line[]; rest: Line | null } {
  const splitter = createSplitter(maxBytes)
  const lines = chunks.flatMap((chunk) => [...splitter.push(chunk)])
  return { lines, rest: splitter.rest() }
}

/** The bytes in pieces, cut at the given places. */
function cutAt(bytes: Buffer, places: number[]): Buffer[] {
  const cuts = [...new Set([0, ...places.map((place) => place % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  )
  return cuts.slice(1).map((end, at) => bytes.subarray(cuts[at], end))
}

const line = (text: string): Line => ({ kind: 'line', text, bytes: Buffer.byteLength(text), utf8: true })

describe('the lines of a body', () => {
  it('are the same wherever the chunks are cut, within a character too', () => {
    const text = fc
      .string({ unit: anyCharacter, maxLength: 20 })
      .map((part) => part.replace(/[\n\uD800-\uDFFF]/g, 'ü€😀'))
    fc.assert(
      fc.property(fc.array(text), fc.array(fc.nat()), (texts, places) => {
        const bytes = Buffer.from(texts.map((part) => `${part}\n`).join(''))
        const expected = texts.map((part): Line => (part.trim() === '' ? { kind: 'heartbeat' } : line(part)))
        expect(split(cutAt(bytes, places))).toEqual({ lines: expected, rest: null })
      }),
    )
  })

  it('are whole when every byte comes alone', () => {
    const bytes = Buffer.from('{"name":"ZÜRICH €😀"}\n\n{"b":2}\n')
    const chunks = [...bytes].map((byte) => Uint8Array.of(byte))
    expect(split(chunks).lines).toEqual([line('{"name":"ZÜRICH €😀"}'), { kind: 'heartbeat' }, line('{"b":2}')])
  })

  it('say when their bytes are no UTF-8', () => {
    expect(split([Buffer.from([0x22, 0xc3, 0x22, 0x0a])]).lines).toEqual([
      { kind: 'line', text: '"\uFFFD"', bytes: 3, utf8: false },
    ])
  })

  it('take a blank line for a heartbeat, with a carriage return too', () => {
    expect(split([Buffer.from('\n\r\n \n')]).lines).toEqual(Array(3).fill({ kind: 'heartbeat' }))
  })

  it('leave what has no line end as the rest', () => {
    expect(split([Buffer.from('a\nb')])).toEqual({ lines: [line('a')], rest: line('b') })
  })
})

describe('a long line', () => {
  it('of 8 MB is a line like any other', () => {
    const text = 'x'.repeat(8 * 1024 * 1024)
    expect(split([Buffer.from(`${text}\n`)]).lines).toEqual([line(text)])
  })

  it('of more is kept cut, with its end, and the next one is whole', () => {
    const bytes = Buffer.from(`${'x'.repeat(9_000_000)}END\nnext\n`)
    const [long, next] = split(
      cutAt(
        bytes,
        Array.from({ length: 150 }, (_, at) => at * 65_536),
      ),
    ).lines
    expect(long).toMatchObject({ kind: 'overlong', bytes: 9_000_003 })
    expect(long?.kind === 'overlong' && [long.head.length, long.tail.endsWith('xEND')]).toEqual([65_536, true])
    expect(next).toEqual(line('next'))
  })

  it('is cut alike wherever the chunks are cut', () => {
    const bytes = Buffer.from(`${'y'.repeat(3000)}END\nz\n`)
    const [whole] = split([bytes], 2000).lines
    fc.assert(
      fc.property(fc.array(fc.nat()), (places) => {
        expect(split(cutAt(bytes, places), 2000).lines).toEqual([whole, line('z')])
      }),
    )
  })

  it('does not gather in memory', () => {
    const splitter = createSplitter()
    const chunk = Buffer.alloc(1024 * 1024, 'x')
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    // What the first collection finds is swept aside by the second.
    const collectGarbage = () => [gc(), gc()]
    collectGarbage()
    const before = process.memoryUsage().arrayBuffers
    for (let megabyte = 0; megabyte < 200; megabyte += 1) expect([...splitter.push(Buffer.from(chunk))]).toEqual([])
    collectGarbage()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(9 * 1024 * 1024)
    expect([...splitter.push(Buffer.from('\n'))]).toMatchObject([{ kind: 'overlong', bytes: 200 * 1024 * 1024 }])
  })
})
