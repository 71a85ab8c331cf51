import { expect, test } from 'vitest'
import { type Cell, columnsOfTable, type DatasetTable } from '../../../src/db/dataset/columns.ts'
import { emptyPage } from '../../../src/db/dataset/dataset.ts'
import { createPageCounter } from '../../../src/steps/export/report/count.ts'
import { pscFigures } from '../../../src/steps/export/report/pscs.ts'

const row = (table: DatasetTable, cells: Record<string, Cell>): Cell[] =>
  columnsOfTable(table).map(({ name }) => cells[name] ?? null)
const company = (number: string, pscs_state: string) => row('companies', { company_number: number, pscs_state })
const psc = (kind: string, cells: Record<string, Cell> = {}) =>
  row('persons_with_significant_control', { company_number: '1', kind, identity_verification: 'none', ...cells })

const INDIVIDUAL = 'individual-person-with-significant-control'
const SHARES = 'ownership-of-shares-75-to-100-percent'

function counted() {
  const counter = createPageCounter()
  const page = {
    ...emptyPage(),
    companies: [company('1', 'complete'), company('2', 'none'), company('3', 'pending'), company('4', 'complete')],
    persons_with_significant_control: [
      psc(INDIVIDUAL, { natures_of_control: `${SHARES},new-code`, identity_verification: 'overdue' }),
      psc(INDIVIDUAL, { natures_of_control: SHARES, ceased_on: '2020-01-01' }),
      psc('super-secure-person-with-significant-control'),
      psc('super-secure-person-with-significant-control', { ceased: 1 }),
      psc('persons-with-significant-control-statement', { statement: 'psc-exists-but-not-identified' }),
      psc('persons-with-significant-control-statement', {
        statement: 'psc-details-not-confirmed',
        ceased_on: '2020-01-01',
      }),
      psc('exemptions'),
    ],
  }
  counter.add(page, new Set())
  return counter.counts()
}

test('counts who controls companies now, apart from who has ceased to, and from statements and exemptions', () => {
  const { pscs, rows } = counted()
  expect(rows.persons_with_significant_control).toBe(7)
  expect(pscs).toMatchObject({ current: 2, ceased: 2 })
  expect(pscs.states).toEqual([
    { name: 'complete', count: 2 },
    { name: 'none', count: 1 },
    { name: 'pending', count: 1 },
  ])
  expect(pscs.natures).toEqual([
    { name: 'new-code', count: 1 },
    { name: SHARES, count: 1 },
  ])
  expect(pscs.verifications).toEqual([{ name: 'overdue', count: 1 }])
  expect(pscs.statements).toEqual([{ name: 'psc-exists-but-not-identified', count: 1 }])
})

test('tells of them in words', () => {
  const page = String(
    pscFigures({ counts: counted(), tables: ['companies', 'persons_with_significant_control'] })?.markup,
  )
  expect(page).toContain('2 of 4 persons and bodies control a company now')
  for (const words of [
    'Withheld by law',
    'Ownership of shares – 75% or more',
    'new-code',
    'Overdue',
    'There is somebody, not identified yet',
    'Read, none recorded',
    'Not read yet',
  ]) {
    expect(page).toContain(words)
  }
})

test('has no section where the files do not hold them', () => {
  expect(pscFigures({ counts: counted(), tables: ['companies', 'officers'] })).toBeNull()
})
