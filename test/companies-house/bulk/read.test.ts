import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { openBulkFiles, readBulkName } from '../../../src/companies-house/bulk/files.ts'
import { type BulkRecord, readBulkFile } from '../../../src/companies-house/bulk/read.ts'
import { tempFolder } from '../../host.ts'
import { bulkText, companyLine, personLine } from './bulk-lines.ts'

const GOOD = [companyLine('99000001', 2), personLine(), personLine({ person: '300000020001' })]

async function read(content: string | Buffer, { pieces = Number.POSITIVE_INFINITY } = {}) {
  const records: BulkRecord[] = []
  const bytes = Buffer.from(content)
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += pieces) yield bytes.subarray(at, Math.min(bytes.length, at + pieces))
  }
  const visitor = { onHeader() {}, onRecord: (record: BulkRecord) => records.push(record), onProgress() {} }
  const totals = await readBulkFile({ name: 'Prod216_9001_ew_1.dat', chunks }, visitor)
  return { ...totals, kinds: records.map(({ kind }) => kind).join(' '), lines: records.map(({ line }) => line) }
}

describe('a bulk file', () => {
  it('is read whole, however its bytes arrive', async () => {
    const expected = {
      header: { kind: 'snapshot', run: 9001, producedOn: '2026-08-07' },
      records: 3,
      kinds: 'company person person',
      lines: GOOD,
    }
    for (const pieces of [Number.POSITIVE_INFINITY, 1, 7, 200]) {
      expect(await read(bulkText(GOOD), { pieces })).toEqual(expected)
    }
    expect(await read(bulkText(GOOD).replaceAll('\n', '\r\n'))).toEqual(expected)
    expect(await read(bulkText(GOOD).trimEnd())).toEqual(expected)
    expect(await read(`\uFEFF${bulkText(GOOD)}`)).toEqual(expected)
  })

  it('is UTF-8, or Windows-1252 where a line is not', async () => {
    const named = (surname: string) => personLine({ fields: ['', 'RENÉE', surname] })
    const utf8 = Buffer.from(bulkText([named('MODÈLE')]))
    expect((await read(utf8, { pieces: 1 })).lines).toEqual([named('MODÈLE')])
    const mixed = Buffer.concat([
      Buffer.from(`DDDDSNAP900120260807\n${named('MODÈLE')}\n`),
      Buffer.from(`${named('LATIN')}\n9999999900000002\n`, 'latin1'),
    ])
    expect((await read(mixed)).lines).toEqual([named('MODÈLE'), named('LATIN')])
  })

  it('may hold a company whose number looks like a trailer', async () => {
    expect((await read(bulkText([companyLine('99999999', 0)]))).records).toBe(1)
  })

  const refused: [what: string, content: string, sentence: string][] = [
    ['without a header', GOOD.join('\n'), 'does not begin with a header'],
    ['of another kind', 'CompanyName, CompanyNumber\n"A","1"\n', 'does not begin with a header'],
    ['with an impossible day', bulkText(GOOD, { day: '20261301' }), 'does not begin with a header'],
    ['of an older layout', bulkText(GOOD, { day: '20091128' }), 'layout older than 2011'],
    ['without a trailer', bulkText(GOOD, { trailer: '' }).trimEnd(), 'is cut short: it ends behind line 4'],
    ['cut inside a record', bulkText(GOOD).slice(0, -60), 'is cut short'],
    [
      'whose trailer counts one more',
      bulkText(GOOD, { trailer: '9999999900000004' }),
      'counts 4 records, and the file has 3',
    ],
    [
      'whose trailer counts one less',
      bulkText(GOOD, { trailer: '9999999900000002' }),
      'counts 2 records, and the file has 3',
    ],
    ['with something else between', bulkText([...GOOD, 'garbage']), 'Line 5 is no record'],
    ['that has another one behind it', bulkText(GOOD) + bulkText(GOOD), 'goes on behind its trailer, on line 6'],
    ['without line ends', 'D'.repeat(70_000), 'is longer than 65536 bytes'],
  ]
  it.each(refused)('%s is refused', async (_, content, sentence) => {
    await expect(read(content)).rejects.toMatchObject({ kind: 'data', message: expect.stringContaining(sentence) })
  })
})

describe('bulk files', () => {
  it('are opened plain and compressed', async () => {
    using folder = tempFolder()
    writeFileSync(folder.file('Prod216_9001_sc.dat'), bulkText(GOOD))
    writeFileSync(folder.file('Prod216_9001_ni.dat.gz'), gzipSync(bulkText(GOOD)))
    const paths = ['Prod216_9001_sc.dat', 'Prod216_9001_ni.dat.gz'].map((name) => folder.file(name))
    using opened = await openBulkFiles(paths, AbortSignal.timeout(10_000))
    for (const file of opened.files) {
      const visitor = { onHeader() {}, onRecord() {}, onProgress() {} }
      expect((await readBulkFile(file, visitor)).records).toBe(3)
    }
    expect(opened.bytesRead()).toBe(opened.bytesTotal)
  })

  it('are refused when they are missing or empty', async () => {
    using folder = tempFolder()
    writeFileSync(folder.file('empty.dat'), '')
    const open = (name: string) => openBulkFiles([folder.file(name)], AbortSignal.timeout(10_000))
    await expect(open('none.dat')).rejects.toMatchObject({ kind: 'data', hint: expect.stringContaining('Prod216') })
    await expect(open('empty.dat')).rejects.toMatchObject({
      kind: 'data',
      message: expect.stringContaining('is empty'),
    })
  })

  it('say by their names what they are', () => {
    expect(readBulkName('/data/Prod216_4257_ew_06.dat')).toEqual({ product: '216', run: 4257, part: 'ew_6' })
    expect(readBulkName('Prod195_4252_sc.dat.gz')).toEqual({ product: '195', run: 4252, part: 'sc' })
    expect(readBulkName('Prod195_2898_ew_3_21042021010001.dat')).toEqual({ product: '195', run: 2898, part: 'ew_3' })
    expect(readBulkName('Prod198_9002.txt')).toEqual({ product: '198', run: 9002, part: null })
    expect(readBulkName('Prod198_2700')).toEqual({ product: '198', run: 2700, part: null })
    expect(readBulkName('2026/Prod216_4257_ni.dat in Prod216.zip')).toEqual({ product: '216', run: 4257, part: 'ni' })
    expect(readBulkName('officers.dat')).toBeNull()
  })
})
