import { openDb, write } from '../../src/db/open.ts'
import { companies } from '../../src/db/schema.ts'
import type { World } from '../../src/sandbox/world/world.ts'
import type { TempFolder } from '../host.ts'

/** Puts the sandbox's companies into a new database, as a register file would. */
export function loadCompanies(folder: TempFolder, world: World): void {
  const db = openDb(folder.file('companies.db'))
  const origin = { source: 'test', fetched_at: '2026-01-01', first_seen_at: '2026-01-01', run_id: 0 }
  write(db, (tx) => {
    for (const { company_number, company_name } of world.companies()) {
      tx.insert(companies)
        .values({ company_number, company_name, ...origin })
        .run()
    }
  })
  db.$client.close()
}
