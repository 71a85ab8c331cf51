// The snapshot of a whole synthetic register, imported by the command, against the truth of that register.
import { expect, test } from 'vitest'
import { openDb } from '../../../src/db/open.ts'
import { writePscSnapshot } from '../../../src/sandbox/world/psc-snapshot.ts'
import { writeRegisterFile } from '../../../src/sandbox/world/register-file.ts'
import { createWorld } from '../../../src/sandbox/world/world.ts'
import { run, tempFolder } from '../../host.ts'
import { told, toldOf } from './told.ts'

test('every record of every company is stored as the register has it', async () => {
  using folder = tempFolder()
  const world = createWorld({ seed: 7, companies: 400, today: '2026-08-07' })
  await writeRegisterFile(world, folder.file('register.csv'))
  const truth = await writePscSnapshot(world, folder.file('pscs.zip'))
  expect(truth.statements * truth.exemptions).toBeGreaterThan(0)
  expect(await run(['import-companies', 'register.csv'], { cwd: folder.path })).toMatchObject({ code: 0 })
  const { code, stdout } = await run(['import-pscs', 'pscs.zip', '--json'], { cwd: folder.path })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ ...truth, unknown_members: {}, deleted: 0 })

  const db = openDb(folder.file('companies.db'), { readonly: true })
  try {
    const companies = db.$client.prepare('SELECT company_number, pscs_state FROM companies').all() as Company[]
    const rowsOf = db.$client.prepare('SELECT * FROM persons_with_significant_control WHERE company_number = ?')
    const kinds = new Set<string>()
    for (const { company_number: number, pscs_state } of companies) {
      const pscs = world.pscs(number)
      for (const { kind } of pscs) kinds.add(kind)
      expect([number, pscs_state]).toEqual([number, pscs.length > 0 ? 'complete' : 'none'])
      const stored = (rowsOf.all(number) as Record<string, unknown>[]).map(told).sort()
      expect(stored).toEqual(pscs.map(toldOf).sort())
    }
    expect(kinds.size).toBeGreaterThan(4)
    const linked = `SELECT count(*) AS linked, count(person.psc_id) AS found FROM persons_with_significant_control AS stated
      LEFT JOIN persons_with_significant_control AS person ON person.company_number = stated.company_number
        AND stated.linked_psc LIKE '%/' || person.psc_id AND person.name = stated.linked_psc_name
      WHERE stated.linked_psc IS NOT NULL`
    const { linked: links, found } = db.$client.prepare(linked).get() as { linked: number; found: number }
    expect(links).toBeGreaterThan(0)
    expect(found).toBe(links)
  } finally {
    db.$client.close()
  }
})

interface Company {
  company_number: string
  pscs_state: string
}
