// Three places choose one domain of several: whoever is asked next, the flat export, and the report.
import { expect, test } from 'vitest'
import { snapshot } from '../../../src/db/open.ts'
import { findBestDomain } from '../../../src/db/purchases/contacts.ts'
import { tempFolder } from '../../host.ts'
import { addCompany, addDomain, collected, exportWorld, newDatabase } from './export-world.ts'
import { packageWorld, unzipped } from './package-world.ts'

const NUMBER = '00000001'

test.each<[string, [domain: string, confidence: number | null][], string]>([
  [
    'the most confident',
    [
      ['a.example', 10],
      ['b.example', 90],
    ],
    'b.example',
  ],
  [
    'of equals the first by name',
    [
      ['b.example', 80],
      ['a.example', 80],
    ],
    'a.example',
  ],
  [
    'of three equals the first by name',
    [
      ['c.example', 80],
      ['a.example', 80],
      ['b.example', 80],
    ],
    'a.example',
  ],
  [
    'one of little confidence before one without any',
    [
      ['a.example', null],
      ['b.example', 0],
    ],
    'b.example',
  ],
  [
    'the first by name of those without any',
    [
      ['b.example', null],
      ['a.example', null],
    ],
    'a.example',
  ],
])('all choose %s', async (_what, domains, best) => {
  using folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  addCompany(db, { company_number: NUMBER })
  for (const [domain, confidence] of domains) addDomain(db, NUMBER, domain, confidence)
  expect(snapshot(db, (tx) => findBestDomain(tx, NUMBER))?.domain).toBe(best)
  const { destination, text } = collected()
  await exportWorld(db, destination, { include: ['domains', 'companies'] })
  expect(text()).toContain(`,${best},`)
  await packageWorld(db, folder.file('delivery.zip'))
  db.$client.close()
  const report = String((await unzipped(folder.file('delivery.zip'))).get('report.html'))
  for (const [domain] of domains) expect(report.includes(domain)).toBe(domain === best)
})
