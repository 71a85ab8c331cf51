import { type Db, write } from '../../../src/db/open.ts'
import { saveAnswers } from '../../../src/db/purchases/answers.ts'
import { type AskedInput, closeRequest, createRequest, type Operation } from '../../../src/db/purchases/requests.ts'
import { notes } from '../../../src/db/schema.ts'
import { domainInput, personInput, requestKey } from '../../../src/steps/purchases/inputs.ts'
import { type RawRule, readRule, suppress } from '../../../src/steps/suppress/suppress.ts'
import { addCompany, addDomain, addEmail, addOfficer } from '../export/export-world.ts'

export const NOW = Date.UTC(2026, 0, 5)

const born = (year: number, month: number) => ({ date_of_birth_year: year, date_of_birth_month: month })

/** Jane is an officer of both companies under two ids; Paul only of the first, which is an officer of the second. */
export function suppressWorld(db: Db): void {
  addCompany(db, { company_number: '00000001', company_name: 'ALPHA LIMITED', officers_count: 2 })
  addCompany(db, { company_number: '00000002', company_name: 'BETA LIMITED', officers_count: 2 })
  addOfficer(db, {
    company_number: '00000001',
    appointment_id: 'a1',
    officer_id: 'o-jane-1',
    name: 'SMITHERS, Jane Mary',
    surname: 'SMITHERS',
    forenames: 'Jane Mary',
    address_line_1: '7 Whisper Lane',
    ...born(1970, 4),
  })
  addOfficer(db, {
    company_number: '00000001',
    appointment_id: 'a2',
    officer_id: 'o-paul',
    name: 'JONES, Paul',
    surname: 'JONES',
    forenames: 'Paul',
    ...born(1980, 5),
  })
  addOfficer(db, {
    company_number: '00000002',
    appointment_id: 'b1',
    officer_id: 'o-jane-2',
    name: 'SMITHERS, Jane',
    surname: 'SMITHERS',
    forenames: 'Jane',
    ...born(1970, 4),
  })
  addOfficer(db, {
    company_number: '00000002',
    appointment_id: 'b2',
    officer_id: 'o-alpha',
    name: 'ALPHA LIMITED',
    officer_role: 'corporate-secretary',
    identification_type: 'uk-limited-company',
    registration_number: '1',
  })
  addDomain(db, '00000001', 'alpha.example', 90)
  addDomain(db, '00000002', 'beta.example', 80)
  addEmail(db, '00000001', 'a1', 'jane.smithers@alpha.example', 'valid')
  addEmail(db, '00000001', 'a2', 'paul.jones@alpha.example', 'valid')
  addEmail(db, '00000002', 'b1', 'jane@beta.example', 'valid')
  db.insert(notes)
    .values({
      kind: 'odd-officer-item',
      company_number: '00000001',
      detail: JSON.stringify({ name: 'SMITHERS, Jane Mary', address: 7 }),
      noted_at: NOW,
      run_id: 1,
    })
    .run()
}

const found = (email: string) => ({
  emails: [{ email, status: 'valid', reason: null, webmail: null, disposable: null, gibberish: null }],
  catchAll: false,
})

export const jane = { firstName: 'Jane', lastName: 'Smithers' }
export const paul = { firstName: 'Paul', lastName: 'Jones' }

/** What was bought for that world: the domains of both companies, and the addresses of all three people. */
export function buyWorld(db: Db): void {
  buy(
    db,
    'domain',
    [domainInput('ALPHA'), domainInput('BETA')],
    [{ domain: 'alpha.example' }, { domain: 'beta.example' }],
  )
  buy(
    db,
    'emails',
    [personInput(jane, 'alpha.example'), personInput(paul, 'alpha.example')],
    [found('jane.smithers@alpha.example'), found('paul.jones@alpha.example')],
  )
  buy(db, 'emails', [personInput(jane, 'beta.example')], [found('jane@beta.example')])
}

/** A request that was answered, or is still open without answers; returns its id. */
export function buy(db: Db, operation: Operation, inputs: AskedInput[], answers: unknown[] | null): number {
  return write(db, (tx) => {
    const request = {
      provider: 'snov',
      operation,
      requestKey: requestKey(inputs),
      inputs,
      reserved: inputs.length,
      balanceBefore: null,
    }
    const id = createRequest(tx, { ...request, requestedAt: NOW, runId: 1 })
    if (answers === null) return id
    closeRequest(tx, id, { status: 'completed', completedAt: NOW })
    const hits = inputs.map(({ key }, index) => ({ key, outcome: 'hit' as const, answer: answers[index] }))
    saveAnswers(tx, hits, { provider: 'snov', operation, requestId: id, answeredAt: NOW })
    return id
  })
}

export const suppressOne = (
  db: Db,
  kind: RawRule['kind'],
  value: string,
  more: { born?: string; erase?: boolean } = {},
) => {
  const { born = null, erase = false } = more
  const rule = readRule({ kind, value, born, reason: null })
  if (typeof rule === 'string') throw new Error(rule)
  return suppress(db, rule, { erase, now: NOW })
}
