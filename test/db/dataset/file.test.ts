import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { columnsOfTable, type Row } from '../../../src/db/dataset/columns.ts'
import { createDatasetFile } from '../../../src/db/dataset/file.ts'
import { tempFolder } from '../../host.ts'

const COUNT = 20_000

/** Companies as a page has them, with enough text to fill many pages of the file. */
const rows: Row[] = Array.from({ length: COUNT }, (_, at) =>
  columnsOfTable('companies').map(({ name, kind }) => {
    if (name === 'company_number') return String(at).padStart(8, '0')
    return kind === 'number' || kind === 'truth' ? 1 : `${name} of company ${at}`
  }),
)

/** Bytes that this process has written, to whatever it was. */
const written = () => Number(/^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])

it('writes no byte of a database more often than to gather and to pack it', () => {
  using folder = tempFolder()
  const path = folder.file('companies.sqlite')
  writeFileSync(path, '')
  const before = written()
  const file = createDatasetFile(path, { tables: ['companies'], schemaVersion: 1, name: 'companies.sqlite' })
  for (let from = 0; from < COUNT; from += 1000) file.add('companies', rows.slice(from, from + 1000))
  file.finish()
  const { size } = statSync(path)
  expect(size).toBeGreaterThan(10_000_000)
  expect((written() - before) / size).toBeLessThan(2.7)
  expect(readdirSync(folder.path)).toEqual(['companies.sqlite'])
})
