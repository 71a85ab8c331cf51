import { describe, expect, it } from 'vitest'
import { openDb } from '../../../src/db/open.ts'
import { listUnmatched } from '../../../src/db/purchases/answers.ts'
import { provider_answers, suppressions } from '../../../src/db/schema.ts'
import { loadSuppressions } from '../../../src/db/suppress/suppressions.ts'
import { settleByOperator } from '../../../src/steps/purchases/doubt.ts'
import { type PersonName, personInput, readKnown } from '../../../src/steps/purchases/inputs.ts'
import { buyEmails } from '../../../src/steps/purchases/orders.ts'
import { pollPurchases } from '../../../src/steps/purchases/poll.ts'
import { assignAnswer } from '../../../src/steps/purchases/unmatched.ts'
import { json, plain } from '../../scripted-server.ts'
import { type FoundAddress, scriptedSnov } from '../../snov/scripted-snov.ts'
import { addCompany, addOfficer } from '../export/export-world.ts'
import { type Buyer, buyer, kill, ledger, noLimits, outcomes, signal } from './buyer.ts'

const person = (name: string): PersonName => {
  const [firstName = '', lastName = ''] = name.split(' ')
  return { firstName, lastName }
}
const crew = (count: number) => Array.from({ length: count }, (_, index) => person(`P${index} Smith`))
const order = (people: PersonName[], domain = 'x.example') => ({ domain, people })

const caught: FoundAddress[] = [{ email: 'p0@x.example', smtp_status: 'unknown', unknown_status_reason: 'catchall' }]
const valid: FoundAddress[] = [{ email: 'p0@x.example', smtp_status: 'valid' }]

/** Buys until nothing is left to buy, settling in between; returns how it ended. */
async function buyAll({ step, settleAll }: Buyer, people: PersonName[], domain?: string): Promise<string> {
  for (let round = 0; round < 20; round += 1) {
    const { ended } = await buyEmails(step, order(people, domain), noLimits)
    if (ended !== 'started' && ended !== 'waiting') return ended
    await settleAll(2)
  }
  return 'no end'
}

describe('buying addresses', () => {
  it('begins with one person, and goes on ten at a time once the domain is known', async () => {
    await using server = await scriptedSnov({ people: { 'P0 Smith@x.example': valid } })
    const one = await buyer(server.url)
    expect(await buyEmails(one.step, order(crew(14)), noLimits)).toMatchObject({ ended: 'started' })
    expect(await buyEmails(one.step, order(crew(14)), noLimits)).toEqual({ ended: 'waiting' })
    expect(await buyAll(one, crew(14))).toBe('answered')
    expect(server.started.map((inputs) => inputs.length)).toEqual([1, 10, 3])
    expect(new Set(server.started.flat()).size).toBe(14)
  })

  it('keeps an address that matches nobody until it is assigned, to a name or to a company’s only candidate', async () => {
    await using server = await scriptedSnov({ people: { 'P0 Smith@x.example': valid } })
    const one = await buyer(server.url)
    const { db, clock } = one.step
    const people = [person('P0 Smith'), person('Ann Lee'), person('Bo Fry'), person('Cy Orr')]
    await buyEmails(one.step, order(people), noLimits)
    await one.settleAll(2)
    const rows = ['???', '??'].map((people, at) => ({
      people,
      result: [{ email: `m${at}@x.example`, smtp_status: 'valid' }],
    }))
    server.world.meddle = ({ path }) =>
      path.endsWith('/result') ? json({ status: 'completed', data: rows }) : undefined
    expect(await buyEmails(one.step, order(people), noLimits)).toMatchObject({ ended: 'started' })
    await one.settleAll(2)
    expect(await buyEmails(one.step, order(people), noLimits)).toEqual({ ended: 'waiting' })
    expect(ledger(db)).toMatchObject([{ expected: 1 }, { expected: 2 }])
    addCompany(db, { company_number: '00000007' })
    addOfficer(db, {
      company_number: '00000007',
      appointment_id: 'b',
      officer_role: 'director',
      name: 'FRY, Bo',
    })
    const [first, second] = listUnmatched(db)
    expect(assignAnswer(db, clock, first?.id ?? 0, '7')).toBe('Bo Fry')
    expect(assignAnswer(db, clock, second?.id ?? 0, 'ann lee')).toBe('Ann Lee')
    const known = [
      ...readKnown(
        db,
        'emails',
        people.map((one) => personInput(one, 'x.example')),
      ).values(),
    ]
    expect(known.map((one) => one.state === 'answered' && one.answer.answer)).toMatchObject([
      { emails: valid.map(({ email }) => ({ email })) },
      { emails: [{ email: 'm1@x.example' }] },
      { emails: [{ email: 'm0@x.example' }] },
      null,
    ])
    expect(server.started).toHaveLength(2)
  })

  it('keeps every domain to requests of its own', async () => {
    await using server = await scriptedSnov()
    const { step } = await buyer(server.url)
    await buyEmails(step, order(crew(1), 'a.example'), noLimits)
    await buyEmails(step, order(crew(1), 'B.example'), noLimits)
    expect(server.started).toEqual([['P0 Smith@a.example'], ['P0 Smith@b.example']])
  })

  it('pays a catch-all domain once, and answers for the rest', async () => {
    await using server = await scriptedSnov({ people: { 'P0 Smith@x.example': caught }, credits: 10 })
    const one = await buyer(server.url)
    expect(await buyAll(one, crew(12))).toBe('answered')
    expect(server.started).toEqual([['P0 Smith@x.example']])
    expect(server.world.credits).toBe(9)
    const known = readKnown(
      one.step.db,
      'emails',
      crew(12).map((each) => personInput(each, 'x.example')),
    )
    const answers = [...known.values()].map((one) => one.state === 'answered' && one.answer)
    expect(answers[0]).toMatchObject({
      outcome: 'hit',
      answer: { catchAll: true, emails: [{ email: 'p0@x.example' }] },
    })
    expect(answers.slice(1)).toMatchObject(Array(11).fill({ outcome: 'miss', answer: { catchAll: true, emails: [] } }))
  })

  it('stops paying as soon as a later answer shows a catch-all domain', async () => {
    const people = { 'P0 Smith@x.example': valid, 'P3 Smith@x.example': caught }
    await using server = await scriptedSnov({ people })
    const one = await buyer(server.url)
    expect(await buyAll(one, crew(30))).toBe('answered')
    expect(server.started.map((inputs) => inputs.length)).toEqual([1, 10])
  })

  it('never has two of one name in a request, and buys a name at a domain once', async () => {
    await using server = await scriptedSnov()
    const one = await buyer(server.url)
    const people = ['Ann Lee', 'ANN LEE', 'Bob Lee', 'Ánn Lee', 'Bo Blee', 'Bob Lee'].map(person)
    expect(await buyAll(one, people)).toBe('answered')
    expect(server.started).toEqual([['Ann Lee@x.example'], ['Bob Lee@x.example'], ['Bo Blee@x.example']])
  })

  it('becomes suppressed, without the address, where the owner wants to be left alone', async () => {
    const hidden = [{ email: 'secret@x.example', smtp_status: 'unknown', unknown_status_reason: 'hidden_by_owner' }]
    await using server = await scriptedSnov({ people: { 'P0 Smith@x.example': hidden } })
    const one = await buyer(server.url)
    await buyEmails(one.step, order(crew(2)), noLimits)
    await one.settleAll()
    expect(outcomes(one.step.db)).toEqual([['suppressed', null]])
    expect(JSON.stringify(one.step.db.select().from(provider_answers).all())).not.toContain('secret@')
    expect(one.step.db.select().from(suppressions).all()).toMatchObject([{ kind: 'email' }])
    expect(loadSuppressions(one.step.db).email('secret@x.example')).toBe(true)
    await buyEmails(one.step, order(crew(5)), noLimits)
    expect(server.started.map((inputs) => inputs.length)).toEqual([1, 1])
  })

  it('books a row that costs more than one credit as it comes', async () => {
    const two = [...valid, { email: 'smith@x.example', smtp_status: 'unknown', unknown_status_reason: 'greylist' }]
    await using server = await scriptedSnov({ people: { 'P0 Smith@x.example': two } })
    const one = await buyer(server.url)
    await buyAll(one, crew(1))
    expect(ledger(one.step.db)).toMatchObject([{ expected: 2, observed: 2 }])
  })

  it('buys one person only while a crash leaves the first answer in doubt, and after it', async () => {
    await using server = await scriptedSnov({ people: { 'P0 Smith@x.example': caught } })
    const db = openDb(':memory:')
    const first = await buyer(server.url, db)
    server.world.meddle = ({ path }, usual) => {
      if (!path.endsWith('/start')) return undefined
      usual()
      return plain(502)
    }
    expect(await buyEmails(first.step, order(crew(5)), noLimits)).toMatchObject({ ended: 'unconfirmed', requestId: 1 })
    kill(first)
    server.world.meddle = () => undefined
    const second = await buyer(server.url, db)
    expect(await buyEmails(second.step, order(crew(5)), noLimits)).toEqual({ ended: 'waiting' })
    settleByOperator(db, second.clock, 1, 'bought')
    await buyEmails(second.step, order(crew(5)), noLimits)
    expect(server.started).toEqual([['P0 Smith@x.example'], ['P1 Smith@x.example']])
  })
})

describe('running out of credits', () => {
  it('while a task runs is told, and what was not answered may be bought later', async () => {
    await using server = await scriptedSnov({ people: { 'P0 Smith@x.example': valid }, credits: 0 })
    const one = await buyer(server.url)
    await buyEmails(one.step, order(crew(1)), noLimits)
    one.clock.pass(4000)
    expect(await pollPurchases(one.step, { lane: 'background', signal })).toMatchObject({ notEnoughCredits: true })
    expect(outcomes(one.step.db)).toEqual([])
    expect(ledger(one.step.db)).toEqual([])
    server.world.credits = 5
    expect(await buyAll(one, crew(1))).toBe('answered')
    expect(server.world.credits).toBe(4)
  })

  it('at a start is told and buys nothing', async () => {
    const message = 'Sorry, you ran out of credits, please order more credits'
    await using server = await scriptedSnov()
    server.world.meddle = ({ path }) =>
      path.endsWith('/start') ? plain(400, JSON.stringify({ success: false, message })) : undefined
    const one = await buyer(server.url)
    expect(await buyEmails(one.step, order(crew(1)), noLimits)).toEqual({ ended: 'not-enough-credits' })
    server.world.meddle = () => undefined
    expect(await buyAll(one, crew(1))).toBe('answered')
  })
})
