// The invented register, read as the real one: file, profile and event together tell every column of a company.
import { expect, it } from 'vitest'
import { readProfile } from '../../../src/companies-house/profile.ts'
import { findColumns, rowReader } from '../../../src/companies-house/register/company.ts'
import { createRecordReader } from '../../../src/companies-house/register/records.ts'
import { readCompanyEvent } from '../../../src/companies-house/stream/companies.ts'
import { readLine } from '../../../src/companies-house/stream/event.ts'
import { TOLD_COLUMNS } from '../../../src/db/companies/told.ts'
import { servedProfile } from '../../../src/sandbox/companies-house/profiles.ts'
import { companyEvent } from '../../../src/sandbox/stream/events.ts'
import { registerFileRows } from '../../../src/sandbox/world/register-file.ts'
import { createWorld } from '../../../src/sandbox/world/world.ts'

const world = createWorld({ seed: 3, companies: 6000, today: '2026-11-01' })
const now = Date.UTC(2026, 10, 1)
type Facts = Record<string, unknown>

/** In a world of this size nobody has these: nothing there is withheld by law, and all addresses on the web are usual. */
const NEVER = ['uri', 'po_box', 'care_of', 'premises']

it('tells every column, and nothing that cannot be right', () => {
  const seen = new Map<string, unknown>()
  /** What two tell differently. An assertion for each cell would take longer than all the rest. */
  const differing: unknown[] = []
  const note = (facts: object) => {
    for (const [column, value] of Object.entries(facts)) if (value !== null) seen.set(column, value)
  }
  const profiles = new Map<string, Facts>()
  for (const company of world.companies()) {
    const { details, odd } = readProfile(
      company.company_number,
      JSON.parse(JSON.stringify(servedProfile(company, now))),
    )
    differing.push(...odd)
    profiles.set(company.company_number, details)
    note(details)
    const line = JSON.stringify(
      companyEvent(company.company_number, company, { timepoint: 1, atMs: now, type: 'changed' }),
    )
    const event = readLine(
      { kind: 'line', text: line, bytes: line.length, utf8: true },
      readCompanyEvent,
    )[0] as unknown as { company: Facts; odd: unknown[] }
    differing.push(...(event.odd as unknown[]))
    for (const [column, value] of Object.entries(event.company)) {
      const other = details[column as keyof typeof details]
      if (value !== null && other !== value) differing.push([company.company_number, column, value, other])
    }
  }
  const lines = [...registerFileRows(world)]
  const reader = createRecordReader()
  const { records } = reader.read(Buffer.from(lines.map((line) => `${line}\n`).join('')))
  const read = rowReader(findColumns(records[0]?.cells ?? [], 'world'), {
    onOddCell: (column, cell) => expect([column, cell]).toBe('never'),
  })
  for (const { cells } of records.slice(1)) {
    const filed = read(cells)
    if (typeof filed === 'string') throw new Error(filed)
    note(filed)
    const profile = profiles.get(filed.company_number) ?? {}
    for (const column of [
      'accounts_next_due',
      'accounts_last_accounts_type',
      'confirmation_statement_next_due',
      'sic_codes',
    ]) {
      const value = filed[column as keyof typeof filed]
      if (value !== profile[column]) differing.push([filed.company_number, column, value, profile[column]])
    }
  }
  expect(differing).toEqual([])
  expect(TOLD_COLUMNS.filter((column) => !seen.has(column) && !NEVER.includes(column))).toEqual([])
})
