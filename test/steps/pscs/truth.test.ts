// The snapshot of a whole synthetic register, imported by the command, against the truth of that register.
import { expect, test } from 'vitest'
import { openDb } from '../../../src/db/open.ts'
import { writePscSnapshot } from '../../../src/sandbox/world/psc-snapshot.ts'
import { drawPscs, type SyntheticPsc } from '../../../src/sandbox/world/pscs.ts'
import { writeRegisterFile } from '../../../src/sandbox/world/register-file.ts'
import { createWorld } from '../../../src/sandbox/world/world.ts'
import { run, tempFolder } from '../../host.ts'

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
      const pscs = drawPscs(world, number)
      for (const { kind } of pscs) kinds.add(kind)
      expect([number, pscs_state]).toEqual([number, pscs.length > 0 ? 'complete' : 'none'])
      const stored = (rowsOf.all(number) as Record<string, unknown>[]).map(told).sort()
      expect(stored).toEqual(pscs.map(toldOf).sort())
    }
    expect(kinds.size).toBeGreaterThan(4)
  } finally {
    db.$client.close()
  }
})

interface Company {
  company_number: string
  pscs_state: string
}

/** What a row tells of the members that a synthetic record has. */
function told(row: Record<string, unknown>): string {
  const { psc_id, kind, name, forename, surname, date_of_birth_year, natures_of_control, notified_on, ceased_on } = row
  const { statement, description, etag, registration_number, appointment_verification_statement_due_on: due } = row
  const start = row.appointment_verification_start_on
  const person = [name, forename, surname, date_of_birth_year, registration_number, start, due]
  return JSON.stringify([
    psc_id,
    kind,
    etag,
    ...person,
    natures_of_control,
    notified_on,
    ceased_on,
    statement,
    description,
  ])
}

function toldOf(psc: SyntheticPsc): string {
  const { name, name_elements, date_of_birth, identification, identity_verification_details: verification } = psc
  const of = (value: unknown, member: string) => (Object(value) as Record<string, unknown>)[member] ?? null
  return told({
    psc_id: psc.links.self.split('/').at(-1),
    kind: psc.kind,
    etag: psc.etag,
    name: name ?? null,
    forename: of(name_elements, 'forename'),
    surname: of(name_elements, 'surname'),
    date_of_birth_year: of(date_of_birth, 'year'),
    registration_number: of(identification, 'registration_number'),
    appointment_verification_start_on: of(verification, 'appointment_verification_start_on'),
    appointment_verification_statement_due_on: of(verification, 'appointment_verification_statement_due_on'),
    natures_of_control: Array.isArray(psc.natures_of_control) ? psc.natures_of_control.join(',') : null,
    notified_on: psc.notified_on ?? null,
    ceased_on: psc.ceased_on ?? null,
    statement: psc.statement ?? null,
    description: psc.description ?? null,
  })
}
