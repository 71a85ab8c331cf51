import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Db, openDb } from '../../../src/db/open.ts'
import { type Destination, destinationOf } from '../../../src/steps/export/destination.ts'
import type { ExportOptions } from '../../../src/steps/export/run.ts'
import { type TempFolder, tempFolder } from '../../host.ts'
import { AT, addDomain, addEmail, collected, exportWorld, fill, newDatabase, smallWorld } from './export-world.ts'

let folder: TempFolder
let db: Db

beforeEach(() => {
  folder = tempFolder()
  db = newDatabase(folder.file('a.db'))
})

afterEach(() => {
  db.$client.close()
  folder[Symbol.dispose]()
})

const exportTo = (destination: Destination, options: Partial<ExportOptions> = {}) =>
  exportWorld(db, destination, options)

const read = (name: string) => readFileSync(folder.file(name), 'utf8')

/** What the register says beside: filings of companies, members of profiles, and those of officers. */
const companyMore =
  'country_of_origin,accounts_accounting_reference_date_day,accounts_accounting_reference_date_month,' +
  'accounts_next_due,accounts_next_made_up_to,accounts_overdue,accounts_last_accounts_made_up_to,' +
  'accounts_last_accounts_type,accounts_last_accounts_period_start_on,accounts_last_accounts_period_end_on,' +
  'accounts_next_accounts_due_on,accounts_next_accounts_overdue,accounts_next_accounts_period_start_on,' +
  'accounts_next_accounts_period_end_on,confirmation_statement_next_due,' +
  'confirmation_statement_last_made_up_to,confirmation_statement_next_made_up_to,' +
  'confirmation_statement_overdue,annual_return_next_due,annual_return_last_made_up_to,' +
  'annual_return_next_made_up_to,annual_return_overdue,charges_count,charges_outstanding_count,' +
  'charges_part_satisfied_count,charges_satisfied_count,general_partners_count,limited_partners_count,' +
  'previous_company_names,uri,has_charges,has_insolvency_history,has_been_liquidated,has_super_secure_pscs,' +
  'registered_office_is_in_dispute,undeliverable_registered_office_address,is_community_interest_company,' +
  'can_file,partial_data_available,external_registration_number,last_full_members_list_date,term,' +
  'service_address,branch_company_details,foreign_company_details,corporate_annotation,etag,pscs_state,' +
  'pscs_fetched_at'
const flatCompanyMore =
  'company_country_of_origin,company_accounts_accounting_reference_date_day,' +
  'company_accounts_accounting_reference_date_month,company_accounts_next_due,' +
  'company_accounts_next_made_up_to,company_accounts_overdue,company_accounts_last_accounts_made_up_to,' +
  'company_accounts_last_accounts_type,company_accounts_last_accounts_period_start_on,' +
  'company_accounts_last_accounts_period_end_on,company_accounts_next_accounts_due_on,' +
  'company_accounts_next_accounts_overdue,company_accounts_next_accounts_period_start_on,' +
  'company_accounts_next_accounts_period_end_on,company_confirmation_statement_next_due,' +
  'company_confirmation_statement_last_made_up_to,company_confirmation_statement_next_made_up_to,' +
  'company_confirmation_statement_overdue,company_annual_return_next_due,' +
  'company_annual_return_last_made_up_to,company_annual_return_next_made_up_to,' +
  'company_annual_return_overdue,company_charges_count,company_charges_outstanding_count,' +
  'company_charges_part_satisfied_count,company_charges_satisfied_count,company_general_partners_count,' +
  'company_limited_partners_count,company_previous_company_names,company_uri,company_has_charges,' +
  'company_has_insolvency_history,company_has_been_liquidated,company_has_super_secure_pscs,' +
  'company_registered_office_is_in_dispute,company_undeliverable_registered_office_address,' +
  'company_is_community_interest_company,company_can_file,company_partial_data_available,' +
  'company_external_registration_number,company_last_full_members_list_date,company_term,' +
  'company_service_address,company_branch_company_details,company_foreign_company_details,' +
  'company_corporate_annotation,company_etag,company_pscs_state,company_pscs_fetched_at'
const officerMore =
  'is_pre_1992_appointment,former_names,principal_office_address_care_of,principal_office_address_po_box,' +
  'principal_office_address_premises,principal_office_address_address_line_1,' +
  'principal_office_address_address_line_2,principal_office_address_locality,' +
  'principal_office_address_region,principal_office_address_country,principal_office_address_postal_code,' +
  'responsibilities,contact_name,contribution_currency_type,contribution_currency_value,' +
  'contribution_sub_types,appointment_verification_start_on,appointment_verification_end_on,' +
  'appointment_verification_statement_due_on,identity_verified_on,' +
  'authorised_corporate_service_provider_name,anti_money_laundering_supervisory_bodies,preferred_name,etag,' +
  'identity_verification,is_active'

const companyHead =
  'company_number,company_name,company_status,company_status_detail,type,subtype,jurisdiction,date_of_creation,' +
  'date_of_cessation,sic_codes,care_of,po_box,premises,address_line_1,address_line_2,locality,region,country,' +
  'postal_code,officers_state,officers_count,officers_fetched_at,source,fetched_at,run_id,first_seen_at,deleted_at,' +
  companyMore
const officerHead =
  'appointment_id,officer_id,person_number,name,title,forenames,surname,officer_role,appointed_on,appointed_before,' +
  'resigned_on,date_of_birth_month,date_of_birth_year,nationality,country_of_residence,occupation,care_of,po_box,' +
  'premises,address_line_1,address_line_2,locality,region,country,postal_code,identification_type,legal_authority,' +
  'legal_form,place_registered,register_location,registration_number,source,fetched_at,run_id,' +
  officerMore
const flatCompanyHead =
  'company_number,company_name,company_status,company_status_detail,company_type,company_subtype,' +
  'company_jurisdiction,company_date_of_creation,company_date_of_cessation,company_sic_codes,company_care_of,' +
  'company_po_box,company_premises,company_address_line_1,company_address_line_2,company_locality,company_region,' +
  'company_country,company_postal_code,company_officers_state,company_officers_count,company_officers_fetched_at,' +
  'company_source,company_fetched_at,company_run_id,company_first_seen_at,company_deleted_at,' +
  flatCompanyMore

/** Nothing is known of these, except that nobody has looked for who controls the company. */
const companyBlank = `${','.repeat(companyMore.split(',').length - 1)}pending,`
const officerBlank = `${','.repeat(officerMore.split(',').length - 1)}none,true`

const company1 = `00000001,"'=HYPERLINK(""x""), LTD",active,,ltd,,,2020-02-29,,"62020,01110",,,,,,,,,,complete,2,,bulk,${AT},1,${AT},${companyBlank}`
const company2 = `00000002,EMPTY LTD,,,,,,,,,,,,,,,,,,complete,0,,bulk,${AT},1,${AT},2026-02-01T00:00:00.000Z${companyBlank}`
const officer1 = `-aBc,'=oF,,"O'NEIL, Siân",,,,,,,,4,1970,,,,,,,,,,,,,,,,,,,rest,${AT},2${officerBlank}`
const officer2 = `zZ,,,"Two\nLines",,,,,,,,,,,,'-,,,,,,,,,,,,,,,,rest,${AT},2${officerBlank}`

describe('to a stream', () => {
  test('writes one flat table, a row per appointment and one for a company without any', async () => {
    smallWorld(db)
    const out = collected()
    await exportTo(out.destination)
    expect(out.text().split('\r\n')).toEqual([
      `${flatCompanyHead},${officerHead}`,
      `${company1},${officer1}`,
      `${company1},${officer2}`,
      `${company2},${','.repeat(officerHead.split(',').length - 1)}`,
      '',
    ])
  })

  test('--all adds the other companies, --raw leaves formulas, --bom comes first', async () => {
    smallWorld(db)
    const out = collected()
    await exportTo(out.destination, { all: true, raw: true, bom: true })
    const lines = out.text().split('\r\n')
    expect(lines[0]?.startsWith('\uFEFFcompany_number,')).toBe(true)
    expect(lines[1]?.startsWith('00000001,"=HYPERLINK(""x""), LTD",')).toBe(true)
    expect(lines[4]?.startsWith('00000003,PENDING LTD,')).toBe(true)
    expect(lines).toHaveLength(6)
  })

  test('adds the most confident domain and a valid e-mail when there are any', async () => {
    smallWorld(db)
    addDomain(db, '00000001', 'a.example', null)
    addDomain(db, '00000001', 'b.example', 90)
    addDomain(db, '00000002', 'c.example', null)
    addEmail(db, '00000001', 'zZ', 'a@b.example', 'unknown')
    addEmail(db, '00000001', 'zZ', 'z@b.example', 'valid')
    const out = collected()
    await exportTo(out.destination)
    expect(out.text().split('\r\n')).toEqual([
      `${flatCompanyHead},${officerHead},domain,email,email_status`,
      `${company1},${officer1},b.example,,`,
      `${company1},${officer2},b.example,z@b.example,valid`,
      `${company2},${','.repeat(officerHead.split(',').length - 1)},c.example,,`,
      '',
    ])
  })

  test('an empty selection is a header, an empty array or no line at all', async () => {
    for (const [format, expected] of [
      ['csv', `${flatCompanyHead},${officerHead}\r\n`],
      ['json', '[\n]\n'],
      ['ndjson', ''],
    ] as const) {
      const out = collected()
      const { files } = await exportTo(out.destination, { format })
      expect(out.text()).toBe(expected)
      expect(files.map(({ rows }) => rows)).toEqual([0])
    }
  })
})

describe('to a folder', () => {
  const tables = () => destinationOf(folder.file('out'), true)

  test('creates it with a file per table and a manifest that describes them', async () => {
    smallWorld(db)
    const manifest = await exportTo(destinationOf(folder.file('deep/er/out'), true))
    const files = ['companies.csv', 'officers.csv'].map((name, index) => {
      const bytes = readFileSync(folder.file(`deep/er/out/${name}`))
      return {
        name,
        rows: [2, 2][index],
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      }
    })
    expect(manifest).toEqual({
      schema_version: Number(db.$client.pragma('user_version', { simple: true })),
      program_version: '1.2.3',
      as_of: '2026-01-05T00:00:00.000Z',
      filters: { all: false },
      checkpoint: expect.stringMatching(/^[0-9a-f]{8}-\d+$/),
      files,
    })
    expect(JSON.parse(read('deep/er/out/manifest.json'))).toEqual(manifest)
    expect(read('deep/er/out/companies.csv')).toBe([companyHead, company1, company2, ''].join('\r\n'))
    expect(read('deep/er/out/officers.csv')).toBe(
      [`company_number,${officerHead}`, `00000001,${officer1}`, `00000001,${officer2}`, ''].join('\r\n'),
    )
    expect(readdirSync(folder.file('deep/er/out'))).toEqual(['companies.csv', 'manifest.json', 'officers.csv'])
  })

  test('two exports of the same data are byte for byte the same', async () => {
    fill(db, 150, 2)
    const first = await exportTo(tables())
    const second = await exportTo(destinationOf(folder.file('again'), true))
    expect(second.files).toEqual(first.files)
  })

  test('has domains and e-mails only when there are any, and takes old ones away when they are gone', async () => {
    smallWorld(db)
    addDomain(db, '00000001', 'b.example', 90)
    addEmail(db, '00000001', 'zZ', 'z@b.example', 'valid')
    writeFileSync(folder.file('mine.csv'), 'mine')
    await exportTo(tables())
    expect(readdirSync(folder.file('out'))).toEqual([
      'companies.csv',
      'domains.csv',
      'emails.csv',
      'manifest.json',
      'officers.csv',
    ])
    db.$client.exec('DELETE FROM emails')
    writeFileSync(folder.file('out/mine.csv'), 'mine')
    await exportTo(tables())
    expect(readdirSync(folder.file('out'))).toEqual([
      'companies.csv',
      'domains.csv',
      'manifest.json',
      'mine.csv',
      'officers.csv',
    ])
  })

  test('an existing folder needs no trailing separator; json goes there as companies.json', async () => {
    smallWorld(db)
    mkdirSync(folder.file('out'))
    await exportTo(destinationOf(folder.file('out'), false), { format: 'json' })
    expect(readdirSync(folder.file('out'))).toEqual(['companies.json', 'manifest.json'])
  })
})

describe('snapshot', () => {
  test('an export beside a writer holds exactly what was there at its start', async () => {
    fill(db, 300, 1)
    const writer = openDb(folder.file('a.db'))
    const out = collected()
    let extra = 300
    await exportTo(out.destination, {
      onProgress() {
        fill(writer, 20, 1, extra)
        extra += 20
        writer.$client.exec("UPDATE officers SET name = 'CHANGED'")
      },
    })
    writer.$client.close()
    expect(extra).toBeGreaterThan(300)
    expect(out.text().split('\r\n')).toHaveLength(302)
    expect(out.text()).not.toContain('CHANGED')
    expect(existsSync(folder.file('a.db'))).toBe(true)
  })
})
