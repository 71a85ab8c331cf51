import { expect, test } from 'vitest'
import { datasetColumns } from '../../../src/db/dataset/columns.ts'
import { openDataset } from '../../../src/db/dataset/dataset.ts'
import { openDb } from '../../../src/db/open.ts'
import { tempFolder } from '../../host.ts'
import { addCompany, addDomain, addEmail, addOfficer, fill, newDatabase } from '../../steps/export/export-world.ts'

const numbers = (rows: unknown[][]) => rows.map(([number]) => number)

test('columns keep the order of the schema and know what each of their cells is', () => {
  const of = (kind: string) => [
    ...new Set(
      Object.values(datasetColumns)
        .flat()
        .filter((column) => column.kind === kind)
        .map(({ name }) => name),
    ),
  ]
  expect(datasetColumns.companies[0]).toEqual({ name: 'company_number', kind: 'id' })
  expect(of('id')).toEqual([
    'company_number',
    'uri',
    'external_registration_number',
    'etag',
    'appointment_id',
    'officer_id',
    'person_number',
    'psc_id',
    'linked_psc',
  ])
  expect(of('number')).toEqual([
    'officers_count',
    'run_id',
    'accounts_accounting_reference_date_day',
    'accounts_accounting_reference_date_month',
    'charges_count',
    'charges_outstanding_count',
    'charges_part_satisfied_count',
    'charges_satisfied_count',
    'general_partners_count',
    'limited_partners_count',
    'date_of_birth_month',
    'date_of_birth_year',
    'confidence',
  ])
  expect(of('codes')).toEqual(['sic_codes', 'contribution_sub_types', 'natures_of_control'])
  expect(of('truth')).toEqual([
    'accounts_overdue',
    'accounts_next_accounts_overdue',
    'confirmation_statement_overdue',
    'annual_return_overdue',
    'has_charges',
    'has_insolvency_history',
    'has_been_liquidated',
    'has_super_secure_pscs',
    'registered_office_is_in_dispute',
    'undeliverable_registered_office_address',
    'is_community_interest_company',
    'can_file',
    'is_pre_1992_appointment',
    'is_active',
    'ceased',
    'is_sanctioned',
  ])
  expect(of('json')).toEqual([
    'previous_company_names',
    'service_address',
    'branch_company_details',
    'foreign_company_details',
    'corporate_annotation',
    'former_names',
    'anti_money_laundering_supervisory_bodies',
    'exemptions',
  ])
  expect(of('date')).toEqual([
    'date_of_creation',
    'date_of_cessation',
    'officers_fetched_at',
    'fetched_at',
    'first_seen_at',
    'deleted_at',
    'accounts_next_due',
    'accounts_next_made_up_to',
    'accounts_last_accounts_made_up_to',
    'accounts_last_accounts_period_start_on',
    'accounts_last_accounts_period_end_on',
    'accounts_next_accounts_due_on',
    'accounts_next_accounts_period_start_on',
    'accounts_next_accounts_period_end_on',
    'confirmation_statement_next_due',
    'confirmation_statement_last_made_up_to',
    'confirmation_statement_next_made_up_to',
    'annual_return_next_due',
    'annual_return_last_made_up_to',
    'annual_return_next_made_up_to',
    'last_full_members_list_date',
    'pscs_fetched_at',
    'appointed_on',
    'appointed_before',
    'resigned_on',
    'appointment_verification_start_on',
    'appointment_verification_end_on',
    'appointment_verification_statement_due_on',
    'identity_verified_on',
    'notified_on',
    'ceased_on',
    'appointment_verification_statement_date',
    'found_at',
  ])
})

test('yields complete companies with all that is theirs, in key order, and nothing of others', () => {
  using folder = tempFolder()
  const db = newDatabase(folder.file('a.db'))
  addCompany(db, { company_number: '00000003' })
  addCompany(db, { company_number: '00000001' })
  addCompany(db, { company_number: '00000002', officers_state: 'pending' })
  addOfficer(db, { company_number: '00000003', appointment_id: 'b' })
  addOfficer(db, { company_number: '00000003', appointment_id: '-a' })
  addOfficer(db, { company_number: '00000002', appointment_id: 'hidden' })
  addDomain(db, '00000002', 'hidden.example', 90)
  addEmail(db, '00000003', 'b', 'b@c.example', 'valid')

  using complete = openDataset(db, { all: false, today: '2026-01-05' })
  expect(complete.tables).toEqual(['companies', 'officers', 'emails'])
  const [page, ...more] = [...complete.pages()]
  expect(more).toEqual([])
  expect(numbers(page?.companies ?? [])).toEqual(['00000001', '00000003'])
  expect(page?.officers.map((row) => row.slice(0, 2))).toEqual([
    ['00000003', '-a'],
    ['00000003', 'b'],
  ])
  expect(page?.domains).toEqual([])
  expect(numbers(page?.emails ?? [])).toEqual(['00000003'])
  complete[Symbol.dispose]()

  using all = openDataset(db, { all: true, today: '2026-01-05' })
  expect([...all.pages()].flatMap(({ companies }) => numbers(companies))).toEqual(['00000001', '00000002', '00000003'])
  db.$client.close()
})

test('pages end by companies and by officers, and together hold every row once', () => {
  using folder = tempFolder()
  const db = newDatabase(folder.file('a.db'))
  fill(db, 150, 0)
  fill(db, 20, 35, 150)
  addCompany(db, { company_number: '99999999', officers_count: 700 })
  for (let each = 0; each < 700; each += 1) addOfficer(db, { company_number: '99999999', appointment_id: `z${each}` })

  using dataset = openDataset(db, { all: false, today: '2026-01-05' })
  const pages = [...dataset.pages()]
  expect(pages.flatMap(({ companies }) => companies)).toHaveLength(171)
  expect(pages.flatMap(({ officers }) => officers)).toHaveLength(20 * 35 + 700)
  expect(new Set(pages.flatMap(({ companies }) => numbers(companies))).size).toBe(171)
  expect(Math.max(...pages.map(({ companies }) => companies.length))).toBeLessThanOrEqual(60)
  db.$client.close()
})

test('sees nothing of what another connection commits after it was opened, and does not block it', () => {
  using folder = tempFolder()
  const writer = newDatabase(folder.file('a.db'))
  fill(writer, 200, 1)
  const reader = openDb(folder.file('a.db'), { readonly: true })

  using dataset = openDataset(reader, { all: false, today: '2026-01-05' })
  let seen = 0
  let extra = 200
  for (const { companies, officers } of dataset.pages()) {
    seen += companies.length + officers.length
    fill(writer, 50, 1, extra)
    extra += 50
    writer.$client.exec("UPDATE companies SET company_name = 'CHANGED'; DELETE FROM companies WHERE rowid % 7 = 0")
    expect(companies.every((row) => row[1] !== 'CHANGED')).toBe(true)
  }
  expect(seen).toBe(400)
  dataset[Symbol.dispose]()
  reader.$client.close()
  writer.$client.close()
})
