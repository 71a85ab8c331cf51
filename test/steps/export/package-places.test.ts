// The report of a package speaks of places and trades as far as the database knows them.
import { expect, test } from 'vitest'
import { tempFolder } from '../../host.ts'
import { addCompany, newDatabase } from './export-world.ts'
import { packageWorld, unzipped } from './package-world.ts'

const AREAS = 'By postcode area'

test('places are by postcode area until a directory is imported, and codes have no words until a register file is', async () => {
  using folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  const company = { officers_state: 'complete', company_status: 'active', postal_code: 'll1 1aa' } as const
  addCompany(db, { ...company, company_number: '00000001', sic_codes: '62012' })
  addCompany(db, { ...company, company_number: '00000002', sic_codes: '62012,7499', postal_code: 'ZZ9 9ZZ' })
  const report = async (name: string) => {
    await packageWorld(db, folder.file(name))
    return String((await unzipped(folder.file(name))).get('report.html'))
  }
  const before = await report('a.zip')
  expect(before).toContain(AREAS)
  expect(before).toContain('Wales')
  expect(before).not.toContain('Local authority')
  expect(before).not.toContain('Most frequent SIC codes')

  db.$client.exec(`INSERT INTO postcodes VALUES ('LL11AA', 'North West', 'Cheshire West and Chester', 'England');
    INSERT INTO sic_descriptions VALUES ('62012', 'Business and domestic software development')`)
  const after = await report('b.zip')
  expect(after).toContain('has the postcodes of 1 of 2 companies. The others by postcode area')
  expect(after).toContain('North West')
  expect(after).toContain('Cheshire West and Chester')
  expect(after).toContain('62012 Business and domestic software development')
  expect(after).not.toContain(AREAS)
  db.$client.close()
})
