// Delivered files as programs read them that share nothing with those that wrote them: Python's own XML, zip and SQLite.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parquetMetadata } from 'hyparquet'
import { expect, test } from 'vitest'
import type { Db } from '../../../src/db/open.ts'
import { destinationOf } from '../../../src/steps/export/destination.ts'
import type { ExportFormat } from '../../../src/steps/export/formats/formats.ts'
import type { TempFolder } from '../../host.ts'
import { eachDatabase } from '../../new-database.ts'
import { addCompany, exportWorld } from './export-world.ts'

let folder: TempFolder
let db: Db

eachDatabase((made) => {
  ;({ folder, db } = made)
})

/** The texts of the second column of the first sheet, as the file format's rules decode them. */
const SHEET = `
import json, re, sys, zipfile
import xml.etree.ElementTree as tree
with zipfile.ZipFile(sys.argv[1]) as book:
    for name in book.namelist():
        if name.endswith('.xml'): tree.fromstring(book.read(name))
    sheet = tree.fromstring(book.read('xl/worksheets/sheet1.xml'))
ns = '{http://schemas.openxmlformats.org/spreadsheetml/2006/main}'
cells = [''.join(c.itertext()) for c in sheet.iter(ns + 'c') if re.fullmatch('B[0-9]+', c.get('r'))]
decode = lambda text: re.sub('_x([0-9A-Fa-f]{4})_', lambda m: chr(int(m[1], 16)), text)
print(json.dumps([decode(cell) for cell in cells[1:]]))
`

const TABLE = `
import json, sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute('SELECT company_name FROM companies ORDER BY company_number')
print(json.dumps([name for (name,) in rows]))
`

const NAMES: [stored: string, delivered: string][] = [
  ['U+FFFE \ufffe AND U+FFFF \uffff', 'U+FFFE \ufffd AND U+FFFF \ufffd'],
  ['_x0041_ LIMITED', '_x0041_ LIMITED'],
  ['_x0041_x0042_ _x005F_x0041_', '_x0041_x0042_ _x005F_x0041_'],
  ['_X0041_ _x41_ _xZZZZ_', '_X0041_ _x41_ _xZZZZ_'],
  ['two\rlines\nand\ttab', 'two\rlines\nand\ttab'],
  ['<b>&amp;"\u{1f600}', '<b>&amp;"\u{1f600}'],
  ['LRM\u200e BOM\ufeff', 'LRM\ufffd BOM\ufffd'],
]

async function written(format: ExportFormat, file: string): Promise<string> {
  for (const [index, [company_name]] of NAMES.entries()) {
    addCompany(db, { company_number: `0000000${index + 1}`, company_name })
  }
  // A name that an earlier chpipe stored with half a character, as SQLite itself holds it.
  addCompany(db, { company_number: '00000009' })
  db.$client.exec("UPDATE companies SET company_name = CAST(X'41EDA08042' AS TEXT) WHERE company_number = '00000009'")
  await exportWorld(db, destinationOf(folder.file('out'), true), { format })
  return folder.file(`out/${file}`)
}

const read = (script: string, path: string) =>
  JSON.parse(execFileSync('python3', ['-c', script, path], { encoding: 'utf8' }))

test.each([
  ['xlsx', SHEET],
  ['sqlite', TABLE],
] as const)('%s: every name is read as it was written', async (format, script) => {
  const names: string[] = read(script, await written(format, `companies.${format}`))
  expect(names.slice(0, -1)).toEqual(NAMES.map(([, delivered]) => delivered))
  expect(names.at(-1)).toMatch(/^A\ufffd+B$/)
})

test('parquet: an instant says that it is one in UTC', async () => {
  const bytes = readFileSync(await written('parquet', 'companies.parquet'))
  const { schema } = parquetMetadata(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
  )
  expect(schema.find(({ name }) => name === 'fetched_at')?.logical_type).toEqual({
    type: 'TIMESTAMP',
    isAdjustedToUTC: true,
    unit: 'MILLIS',
  })
})
