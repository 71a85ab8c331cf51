import { write } from '../../src/db/open.ts'
import type { World } from '../../src/sandbox/world/world.ts'
import type { TempFolder } from '../host.ts'
import { newDatabase } from '../new-database.ts'

/** Puts the sandbox's companies into a new database, as a register file would. */
export function loadCompanies(folder: TempFolder, world: World): void {
  const db = newDatabase(folder.file('companies.db'))
  const add = db.$client.prepare(
    `INSERT INTO companies (company_number, company_name, source, fetched_at, first_seen_at, run_id)
     VALUES (?, ?, 'test', '2026-01-01', '2026-01-01', 0)`,
  )
  write(db, () => {
    for (const { company_number, company_name } of world.companies()) add.run(company_number, company_name)
  })
  db.$client.close()
}
