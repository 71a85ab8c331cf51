import { expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { openDb } from '../../src/db/open.ts'
import { serveDatabase } from '../../src/db/served/database.ts'
import { createNow } from '../../src/http/moment.ts'
import { tempFolder } from '../host.ts'
import { newDatabase } from '../new-database.ts'
import { addCompany } from '../steps/export/export-world.ts'

it('a request hears of all that was written before it has come', async () => {
  using folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  const served = openDb(folder.file('companies.db'), { readonly: true })
  const clock = systemClock()
  using database = serveDatabase(served, clock)
  const now = createNow(database, clock)
  const stateOf = (request: string) => {
    addCompany(db, { company_number: request })
    now.forget()
    return [now().state, now().state]
  }
  // In one turn of the event loop, and in the next.
  const states = [stateOf('00000001'), stateOf('00000002')]
  await new Promise((done) => setImmediate(done))
  states.push(stateOf('00000003'))
  expect(new Set(states.flat()).size).toBe(3)
  for (const [first, second] of states) expect(second).toBe(first)
  served.$client.close()
  db.$client.close()
})
