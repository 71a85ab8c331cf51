import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CATEGORY_PROSE, STATUS_PROSE } from '../../../src/sandbox/world/kinds.ts'
import { registerFileRows, writeRegisterFile } from '../../../src/sandbox/world/register-file.ts'
import { createWorld } from '../../../src/sandbox/world/world.ts'
import { TODAY } from '../companies-house/opened.ts'

const directory = mkdtempSync(join(tmpdir(), 'chpipe-test-'))
afterAll(() => rmSync(directory, { recursive: true }))

const recorded = readFileSync(
  new URL('../recorded/basic-company-data__header_and_row.csv.recorded', import.meta.url),
  'utf8',
).split('\n')
const world = createWorld({ seed: 4, companies: 3000, today: TODAY })
const [header = '', ...lines] = registerFileRows(world)
const names = header.split(',').map((name) => name.trim())
const rows = lines.map((line) => Object.fromEntries(fieldsOf(line).map((field, at) => [names[at], field])))

describe('the register file', () => {
  it('has the header of the real one, to the letter', () => {
    expect(header).toBe(recorded[0])
  })

  it('has 55 quoted fields a line, like the recorded one', () => {
    expect(fieldsOf(recorded[1] ?? '').length).toBe(55)
    expect(lines.filter((line) => fieldsOf(line).length !== 55)).toEqual([])
    expect(lines.some((line) => line.includes('""EXPRESS"" CARS'))).toBe(true)
  })

  it('holds the live companies and no others', () => {
    const closed = ['dissolved', 'converted-closed', 'closed', 'removed']
    const live = [...world.companies()].filter(
      (company) => !closed.includes(company.company_status ?? '') && company.type !== 'uk-establishment',
    )
    expect(rows.map((row) => row.CompanyNumber)).toEqual(live.map((company) => company.company_number))
    expect(live.length).toBeGreaterThan(2000)
    expect(live.length).toBeLessThan(3000)
  })

  it('agrees with the world', () => {
    for (const row of rows) {
      const company = world.company(row.CompanyNumber ?? '')
      expect({
        name: row.CompanyName,
        formed: isoOf(row.IncorporationDate),
        dissolved: row.DissolutionDate,
        sic: [1, 2, 3, 4]
          .map((at) => /^\d+/.exec(row[`SICCode.SicText_${at}`] ?? '')?.[0])
          .filter((code) => code !== undefined),
        postcode: row['RegAddress.PostCode'],
        town: row['RegAddress.PostTown'],
        accountsDue: isoOf(row['Accounts.NextDueDate']),
        month: row['Accounts.AccountRefMonth'],
        statement: isoOf(row.ConfStmtLastMadeUpDate),
        previous: row['PreviousName_1.CompanyName'],
        previousUntil: isoOf(row['PreviousName_1.CONDATE']),
      }).toEqual({
        name: company?.company_name,
        formed: company?.date_of_creation ?? '',
        dissolved: '',
        sic: company?.sic_codes ?? [],
        postcode: (company?.registered_office_address?.postal_code ?? '').toUpperCase(),
        town: (company?.registered_office_address?.locality ?? '').toUpperCase(),
        accountsDue: company?.accounts?.next_due ?? '',
        month: (company?.accounts?.accounting_reference_date?.month ?? '').replace(/^0/, ''),
        statement: company?.confirmation_statement?.last_made_up_to ?? '',
        previous: company?.previous_company_names?.[0]?.name ?? '',
        previousUntil: company?.previous_company_names?.[0]?.ceased_on ?? '',
      })
    }
  })

  it('words kinds and statuses in prose', () => {
    const wordings = new Set(rows.map((row) => row.CompanyStatus))
    expect(wordings).toContain('Active')
    expect(wordings).toContain('Active - Proposal to Strike off')
    expect(wordings).toContain('Liquidation')
    for (const row of rows) {
      const company = world.company(row.CompanyNumber ?? '')
      const expected = company?.subtype ? 'Community Interest Company' : CATEGORY_PROSE[company?.type ?? '']
      expect(row.CompanyCategory).toBe(expected)
      if (company?.company_status_detail) expect(row.CompanyStatus).toBe('Active - Proposal to Strike off')
      else expect(STATUS_PROSE[company?.company_status ?? 'active'] ?? ['Active']).toContain(row.CompanyStatus)
    }
  })

  it('is written to a file with LF line ends, and says how many companies it holds', async () => {
    const path = join(directory, 'register.csv')
    expect(await writeRegisterFile(world, path)).toBe(lines.length)
    expect(readFileSync(path, 'utf8')).toBe(`${[header, ...lines].join('\n')}\n`)
  })

  it('is a header alone for an empty world', async () => {
    const path = join(directory, 'empty.csv')
    expect(await writeRegisterFile(createWorld({ seed: 1, companies: 0 }), path)).toBe(0)
    expect(readFileSync(path, 'utf8')).toBe(`${header}\n`)
  })
})

/** The fields of a line of which every field is quoted. */
function fieldsOf(line: string): string[] {
  return [...line.matchAll(/(?:^|,)"((?:[^"]|"")*)"/g)].map((match) => (match[1] ?? '').replaceAll('""', '"'))
}

function isoOf(british = ''): string {
  return british.split('/').reverse().join('-')
}
