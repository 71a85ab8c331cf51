import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { destinationOf } from '../../../src/steps/export/destination.ts'
import { countCsv, csvLines } from '../../../src/steps/export/formats/csv.ts'
import { formatNames } from '../../../src/steps/export/formats/formats.ts'
import { countJson, countLines } from '../../../src/steps/export/formats/nested.ts'
import { verifyDelivery } from '../../../src/steps/export/verify/verify.ts'
import { type TempFolder, tempFolder } from '../../host.ts'
import { exportWorld, newDatabase, smallWorld } from './export-world.ts'
import { manifestOf, packageWorld, unzipped, zipOf } from './package-world.ts'

let folder: TempFolder

beforeEach(() => {
  folder = tempFolder()
})

afterEach(() => folder[Symbol.dispose]())

const verify = (name: string) => verifyDelivery(folder.file(name), { signal: new AbortController().signal })

/** What differs, without the values. */
const differing = async (name: string) => (await verify(name)).differences.map(({ file, what }) => `${file}: ${what}`)

async function delivered(format: (typeof formatNames)[number], gzip = false): Promise<void> {
  const db = newDatabase(folder.file('companies.db'))
  smallWorld(db)
  await exportWorld(db, destinationOf(folder.file('out'), true), { format, gzip })
  await packageWorld(db, folder.file('out.zip'), { format, gzip })
  db.$client.close()
}

describe('what was delivered as it should be', () => {
  test.each(formatNames)('passes, as a folder and as a zip: %s', async (format) => {
    await delivered(format)
    expect(await differing('out')).toEqual([])
    expect(await differing('out.zip')).toEqual([])
    const manifest = JSON.parse(readFileSync(folder.file('out/manifest.json'), 'utf8'))
    expect(await verify('out')).toMatchObject({ as_of: manifest.as_of, files: manifest.files.length })
  })

  test.each(['csv', 'ndjson', 'json'] as const)('passes compressed: %s', async (format) => {
    await delivered(format, true)
    expect(await differing('out')).toEqual([])
    expect(await differing('out.zip')).toEqual([])
  })

  test.each(formatNames)('counts the rows again: %s', async (format) => {
    await delivered(format)
    const path = folder.file('out/manifest.json')
    const manifest = JSON.parse(readFileSync(path, 'utf8'))
    const [first] = manifest.files
    first.rows += 1
    writeFileSync(path, JSON.stringify(manifest))
    expect((await verify('out')).differences).toEqual([
      { file: first.name, what: 'rows', expected: String(first.rows), found: String(first.rows - 1) },
    ])
  })
})

describe('what was changed on the way', () => {
  test('a byte, the end of a file, a file too few, a file too many and a link are all named', async () => {
    await delivered('csv')
    const officers = readFileSync(folder.file('out/officers.csv'), 'utf8')
    writeFileSync(folder.file('out/officers.csv'), officers.replace('Siân', 'Sian'))
    expect(await differing('out')).toEqual(['officers.csv: bytes', 'officers.csv: sha256'])
    writeFileSync(folder.file('out/officers.csv'), officers.replace('NEIL', 'NEAL'))
    expect(await differing('out')).toEqual(['officers.csv: sha256'])
    appendFileSync(folder.file('out/officers.csv'), 'x')
    expect(await differing('out')).toEqual(['officers.csv: bytes'])
    writeFileSync(folder.file('out/notes.txt'), 'hello')
    mkdirSync(folder.file('out/more'))
    rmSync(folder.file('out/officers.csv'))
    symlinkSync('/etc/hostname', folder.file('out/officers.csv'))
    const differences = await differing('out')
    expect(differences.sort()).toEqual([
      'more: not a file',
      'notes.txt: extra',
      'officers.csv: missing',
      'officers.csv: not a file',
    ])
  })

  test('a lost row shows in size, checksum and count', async () => {
    await delivered('csv')
    const files = await unzipped(folder.file('out.zip'))
    const [header, first] = String(files.get('companies.csv')).split('\r\n')
    files.set('companies.csv', Buffer.from(`${header}\r\n${first}\r\n`))
    await zipOf(folder.file('less.zip'), files)
    expect(await differing('less.zip')).toEqual([
      'companies.csv: bytes',
      'companies.csv: sha256',
      'companies.csv: rows',
    ])
  })

  test('a file that is there twice is named, whatever it holds', async () => {
    await delivered('csv')
    const files = await unzipped(folder.file('out.zip'))
    await zipOf(folder.file('twice.zip'), [...files, ['officers.csv', 'something else']])
    expect(await differing('twice.zip')).toEqual(['officers.csv: twice'])
  })

  test.each([
    ['sqlite', 'no database'],
    ['parquet', 'no parquet'],
    ['xlsx', 'no sheet'],
    ['json', '{"a": [1, 2]}'],
    ['csv.gz', 'not packed'],
  ])('a damaged file is named, not trusted: %s', async (ending, text) => {
    await zipOf(folder.file('bad.zip'), [
      ['manifest.json', manifestOf([[`companies.${ending}`, text, 2]])],
      [`companies.${ending}`, text],
    ])
    expect(await differing('bad.zip')).toEqual([`companies.${ending}: damaged`])
  })
})

/** Where the zip's directory tells of a file; 24 bytes on stands its unpacked size, 42 on where its data begin. */
function directoryEntry(bytes: Buffer, name: string): number {
  return bytes.lastIndexOf(name) - 46
}

/** Makes the packed bytes of files unreadable: whoever tries gets an error. */
function breakData(zip: string, names: string[]): void {
  const bytes = readFileSync(folder.file(zip))
  for (const name of names) {
    const data = bytes.readUInt32LE(directoryEntry(bytes, name) + 42) + 30 + name.length
    bytes.fill(0xff, data, data + 20)
  }
  writeFileSync(folder.file(zip), bytes)
}

describe('a hostile delivery', () => {
  const csv = 'company_number\r\n1\r\n'

  test.each([
    ['no manifest', []],
    ['two manifests', [['manifest.json', manifestOf([])] as const, ['manifest.json', manifestOf([])] as const]],
    ['rubbish', [['manifest.json', 'rubbish'] as const]],
    ['a manifest of something else', [['manifest.json', '{"name": "app"}'] as const]],
    ['a name that leads away', [['manifest.json', manifestOf([['../../etc/passwd', 'x', 0]])] as const]],
    ['a hidden name', [['manifest.json', manifestOf([['.bashrc', 'x', 0]])] as const]],
    [
      'a name twice in the manifest',
      [
        [
          'manifest.json',
          manifestOf([
            ['a.csv', csv, 1],
            ['a.csv', csv, 1],
          ]),
        ] as const,
      ],
    ],
    ['a manifest of 5 MB', [['manifest.json', `${' '.repeat(5_000_000)}${manifestOf([])}`] as const]],
  ])('%s: a data error', async (_, files) => {
    await zipOf(
      folder.file('bad.zip'),
      files.map(([name, bytes]) => [name, bytes]),
    )
    await expect(verify('bad.zip')).rejects.toMatchObject({ kind: 'data' })
  })

  test.each([
    ['not there', 'none.zip'],
    ['an empty file', 'empty.zip'],
    ['rubbish', 'rubbish.zip'],
    ['an empty folder', 'folder'],
    ['a pipe', 'pipe'],
    ['a device', '/dev/zero'],
  ])('%s: a data error, at once', async (_, path) => {
    writeFileSync(folder.file('empty.zip'), '')
    writeFileSync(folder.file('rubbish.zip'), 'PK'.repeat(999))
    mkdirSync(folder.file('folder'))
    execFileSync('mkfifo', [folder.file('pipe')])
    const verified = verifyDelivery(resolve(folder.path, path), { signal: AbortSignal.timeout(5000) })
    await expect(verified).rejects.toMatchObject({ kind: 'data' })
  })

  test('names in the zip that lead out of it: a data error', async () => {
    await zipOf(folder.file('slip.zip'), [
      ['manifest.json', manifestOf([])],
      ['XX/evil.txt', 'x'],
    ])
    const bytes = readFileSync(folder.file('slip.zip')).toString('latin1').replaceAll('XX/evil', '../evil')
    writeFileSync(folder.file('slip.zip'), bytes, 'latin1')
    await expect(verify('slip.zip')).rejects.toMatchObject({ kind: 'data' })
  })

  test('more bytes than the manifest gives are not read, and those of an extra file neither', async () => {
    const bomb = Buffer.alloc(1_000_000)
    await zipOf(folder.file('bomb.zip'), [
      ['manifest.json', manifestOf([['companies.csv', csv, 1]])],
      ['companies.csv', bomb],
      ['extra.bin', bomb],
    ])
    breakData('bomb.zip', ['companies.csv', 'extra.bin'])
    expect((await differing('bomb.zip')).sort()).toEqual(['companies.csv: bytes', 'extra.bin: extra'])
  })

  test('a file that unpacks into more than the directory says is damaged', async () => {
    await zipOf(folder.file('lie.zip'), [
      ['manifest.json', manifestOf([['companies.csv', csv, 1]])],
      ['companies.csv', Buffer.alloc(1_000_000)],
    ])
    const bytes = readFileSync(folder.file('lie.zip'))
    bytes.writeUInt32LE(csv.length, directoryEntry(bytes, 'companies.csv') + 24)
    writeFileSync(folder.file('lie.zip'), bytes)
    expect(await differing('lie.zip')).toEqual(['companies.csv: damaged'])
  })

  test('a compressed file that unpacks into far more than its size is damaged', async () => {
    const bomb = gzipSync(Buffer.alloc(30_000_000))
    await zipOf(folder.file('bomb.zip'), [
      ['manifest.json', manifestOf([['companies.csv.gz', bomb, 1]])],
      ['companies.csv.gz', bomb],
    ])
    expect(await verify('bomb.zip')).toMatchObject({
      differences: [{ file: 'companies.csv.gz', what: 'damaged', found: expect.stringContaining('far more') }],
    })
  })

  test('a view under the name of a table is not run', async () => {
    const db = newDatabase(folder.file('evil.sqlite'))
    db.$client.pragma('journal_mode = DELETE')
    db.$client.pragma('foreign_keys = OFF')
    for (const table of ['emails', 'domains', 'officers', 'companies']) db.$client.exec(`DROP TABLE ${table}`)
    db.$client.exec(`CREATE VIEW companies AS
      WITH RECURSIVE forever(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM forever) SELECT n FROM forever`)
    db.$client.close()
    const evil = readFileSync(folder.file('evil.sqlite'))
    await zipOf(folder.file('evil.zip'), [
      ['manifest.json', manifestOf([['companies.sqlite', evil, 7]])],
      ['companies.sqlite', evil],
    ])
    expect((await verify('evil.zip')).differences).toMatchObject([{ what: 'rows', expected: '7', found: '0' }])
  })
})

describe('counting text', () => {
  async function* pieces(text: string, cuts: number[]): AsyncGenerator<Buffer> {
    const bytes = Buffer.from(text)
    let at = 0
    for (const cut of cuts) {
      yield bytes.subarray(at, at + cut)
      at += cut
    }
    yield bytes.subarray(at)
  }
  const cuts = fc.array(fc.nat(20), { maxLength: 5 })
  const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', '\r\n', ' ', 'é') })

  test('counts as many CSV records as were written, wherever the bytes are cut', async () => {
    const rows = fc.array(fc.tuple(cell, cell), { maxLength: 8 })
    const line = csvLines(
      [
        { name: 'a', kind: 'text' },
        { name: 'b', kind: 'text' },
      ],
      { raw: true },
    )
    await fc.assert(
      fc.asyncProperty(rows, cuts, fc.boolean(), async (cells, at, ended) => {
        const text = ['a,b', ...line(cells)].join('\r\n') + (ended ? '\r\n' : '')
        expect(await countCsv(pieces(text, at))).toBe(cells.length)
      }),
    )
  })

  test('counts the elements of a JSON array and the lines of NDJSON, wherever the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue({ maxDepth: 2 })), cuts, fc.nat(2), async (values, at, indent) => {
        expect(await countJson(pieces(JSON.stringify(values, null, indent), at))).toBe(values.length)
        const lines = values.map((value) => `${JSON.stringify(value)}\n`).join('')
        expect(await countLines(pieces(lines, at))).toBe(values.length)
      }),
    )
  })

  test.each(['', '{}', '[1', '[1] [2]', '"a"', '[{]'])('%j is no JSON array', async (text) => {
    await expect(countJson(pieces(text, []))).rejects.toThrow('no JSON array')
  })
})
