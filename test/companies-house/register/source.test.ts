import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openRegister, type RegisterInput } from '../../../src/companies-house/register/source.ts'
import { ChpipeError } from '../../../src/errors.ts'
import { tempFolder } from '../../host.ts'
import { csv, rows, zip } from './fixtures.ts'

const TEXT = csv(rows(3000))
const never = new AbortController().signal

/** Reads all parts; bytes are handed over as a stream whose first piece is short. */
async function read(input: RegisterInput | Buffer): Promise<[name: string | null, text: string][]> {
  const source = await openRegister(Buffer.isBuffer(input) ? stdin(input) : input, never)
  try {
    const parts: [string | null, string][] = []
    for (const part of source.parts) {
      parts.push([part.name, (await all(part.chunks())).toString()])
    }
    if (source.bytesTotal !== null) expect(source.bytesRead()).toBe(source.bytesTotal)
    return parts
  } finally {
    source.close()
  }
}

async function all(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const list: Buffer[] = []
  for await (const chunk of chunks) list.push(chunk)
  return Buffer.concat(list)
}

function stdin(bytes: Buffer): RegisterInput {
  return { stream: Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]), name: 'stdin' }
}

async function refusal(input: RegisterInput | Buffer): Promise<string> {
  const error = await read(input).then(
    () => new Error('was accepted'),
    (thrown) => thrown,
  )
  expect(error).toBeInstanceOf(ChpipeError)
  expect(error.kind).toBe('data')
  return error.message
}

describe('a register file', () => {
  it.each([
    ['plain', Buffer.from(TEXT)],
    ['gzip', gzipSync(TEXT)],
    ['gzip in two members', Buffer.concat([gzipSync(TEXT.slice(0, 1000)), gzipSync(TEXT.slice(1000))])],
    ['zip', zip([{ name: 'BasicCompanyData.csv', text: TEXT }])],
    ['zip, stored', zip([{ name: 'BasicCompanyData.csv', text: TEXT, method: 0 }])],
  ])('is read whatever its name: %s, from a file and from a stream', async (_how, bytes) => {
    using folder = tempFolder()
    writeFileSync(folder.file('register'), bytes)
    expect(await read({ path: folder.file('register') })).toEqual([[null, TEXT]])
    expect(await read(bytes)).toEqual([[null, TEXT]])
  })

  it('may be a zip with several CSV files and other things', async () => {
    const bytes = zip([
      { name: 'part1.csv', text: 'one' },
      { name: 'readme.txt', text: 'no' },
      { name: '__MACOSX/part1.csv', text: 'no' },
      { name: 'folder/part2.CSV', text: 'two' },
    ])
    expect(await read(bytes)).toEqual([
      ['part1.csv', 'one'],
      ['folder/part2.CSV', 'two'],
    ])
  })

  it('may come through a named pipe', async () => {
    using folder = tempFolder()
    writeFileSync(folder.file('whole.gz'), gzipSync(TEXT))
    execFileSync('mkfifo', [folder.file('pipe')])
    spawn('sh', ['-c', 'cat whole.gz > pipe'], { cwd: folder.path, stdio: 'ignore' })
    expect(await read({ path: folder.file('pipe') })).toEqual([[null, TEXT]])
  })
})

describe('what is refused', () => {
  it('names a file that is missing, a folder, or empty', async () => {
    using folder = tempFolder()
    mkdirSync(folder.file('folder'))
    writeFileSync(folder.file('empty'), '')
    expect(await refusal({ path: folder.file('none') })).toBe(`There is no such file: ${folder.file('none')}`)
    expect(await refusal({ path: folder.file('folder') })).toBe(
      `This is a folder, not a file: ${folder.file('folder')}`,
    )
    expect(await refusal({ path: folder.file('empty') })).toBe(`The file is empty: ${folder.file('empty')}`)
    expect(await refusal(Buffer.alloc(0))).toBe('The file is empty: stdin')
  })

  it('names the byte at which a gzip file is cut or damaged', async () => {
    const bytes = gzipSync(TEXT)
    expect(await refusal(bytes.subarray(0, -300))).toMatch(
      /^The gzip file is broken near byte \d+ \(unexpected end of file\): stdin$/,
    )
    expect(await refusal(bytes.subarray(0, -4))).toMatch(/broken near byte \d+ \(unexpected end of file\)/)
    const damaged = Buffer.from(bytes)
    damaged.writeUInt32LE(1, damaged.length - 8)
    expect(await refusal(damaged)).toMatch(/broken near byte \d+ \(incorrect data check\)/)
  })

  it('names a broken zip, or the file in it and the byte', async () => {
    const entry = { name: 'data.csv', text: TEXT }
    expect(await refusal(zip([entry]).subarray(0, 2000))).toMatch(/^The zip file is broken \(End of central directory/)
    expect(await refusal(zip([{ ...entry, crc: 1 }]))).toBe(
      `data.csv in stdin is broken: the checksum over its ${TEXT.length} bytes is wrong`,
    )
    expect(await refusal(zip([{ ...entry, size: 10 }]))).toBe(
      `data.csv in stdin is broken: it ends at byte ${TEXT.length} instead of 10`,
    )
    const damaged = zip([entry])
    damaged.fill(0xff, 500, 600)
    expect(await refusal(damaged)).toMatch(/^data.csv in stdin is broken: it breaks off after byte \d+ \(/)
  })

  it('is a zip without CSV, encrypted, or packed in another way', async () => {
    expect(await refusal(zip([{ name: 'a.txt', text: 'x' }]))).toBe('The zip file holds no .csv file: stdin')
    expect(await refusal(zip([]))).toBe('The zip file holds no .csv file: stdin')
    expect(await refusal(zip([{ name: 'a.csv', text: 'x', encrypted: true }]))).toBe('a.csv in stdin is encrypted')
    expect(await refusal(zip([{ name: 'a.csv', text: 'x', method: 9 }]))).toBe(
      'a.csv in stdin uses an unknown compression method',
    )
  })
})

describe('a zip from a stream', () => {
  it('leaves nothing in the temporary folder, not even while it is read', async () => {
    using folder = tempFolder()
    vi.stubEnv('TMPDIR', folder.path)
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    const source = await openRegister(stdin(zip([{ name: 'a.csv', text: TEXT }])), never)
    expect(readdirSync(folder.path)).toEqual([])
    source.close()
  })
})

it('ends with the reason of the signal', async () => {
  using folder = tempFolder()
  writeFileSync(folder.file('a.csv'), TEXT.repeat(5))
  const stop = new AbortController()
  const source = await openRegister({ path: folder.file('a.csv') }, stop.signal)
  const [part] = source.parts
  const reading = part ? all(part.chunks()) : null
  stop.abort(new ChpipeError('interrupted', 'Interrupted'))
  await expect(reading).rejects.toThrow('Interrupted')
})

describe('a plain file of several pieces', () => {
  it('gives pieces that stay as they are while others are read, and lets other work go on between them', async () => {
    using folder = tempFolder()
    const text = Array.from({ length: 60_000 }, (_, line) => `line ${line}\n`).join('')
    writeFileSync(folder.file('a.csv'), text)
    const source = await openRegister({ path: folder.file('a.csv') }, never)
    const other = { done: false }
    setImmediate(() => {
      other.done = true
    })
    const pieces: Buffer[] = []
    const seen: boolean[] = []
    for await (const piece of source.parts[0]?.chunks() ?? []) {
      pieces.push(piece)
      seen.push(other.done)
    }
    expect(pieces.length).toBeGreaterThan(5)
    expect([seen[0], seen.at(-1)]).toEqual([false, true])
    expect(Buffer.concat(pieces).toString()).toBe(text)
  })

  it('says so when it is gone before it is read', async () => {
    using folder = tempFolder()
    writeFileSync(folder.file('a.csv'), TEXT)
    const source = await openRegister({ path: folder.file('a.csv') }, never)
    rmSync(folder.file('a.csv'))
    const [part] = source.parts
    await expect(part ? all(part.chunks()) : null).rejects.toThrow(/^The file cannot be read, as .*a\.csv$/)
  })
})
