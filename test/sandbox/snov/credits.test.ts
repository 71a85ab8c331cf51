import { describe, expect, it } from 'vitest'
import { snovInput } from '../../../src/sandbox/snov/by-list.ts'
import { domainWith, hitNames, missNames, openedSnov, peopleWith, rowsOf } from './opened.ts'

const NAMES = 'company-domain-by-name'
const FINDER = 'emails-by-domain-by-name'
const SHORT = { success: false, message: 'Sorry, you ran out of credits, please order more credits' }

describe('credits', () => {
  it('move when the task completes, one for each domain found, and show as a decimal string', async () => {
    await using open = await openedSnov({ credits: 20 })
    const names = [...hitNames(open.truth, 3), ...missNames(open.truth, 2)]
    const balance = async () => Object((await open.call('GET', '/v1/get-balance')).body.data).balance
    const hash = await open.start(NAMES, { names })
    const seen = [await balance()]
    for (let poll = 0; poll < 3; poll += 1) {
      await open.poll(NAMES, hash)
      seen.push(await balance())
    }
    expect(seen).toEqual(['20.00', '20.00', '17.00', '17.00'])
    expect(open.sandbox.balance).toBe(17)
    expect(open.sandbox.requests).toMatchObject({
      creditsSpent: 3,
      charges: Object.fromEntries(names.slice(0, 3).map((name) => [snovInput(NAMES, name), 1])),
    })
  })

  it('pay for every e-mail found, guesses and second ones included, and for every address verified', async () => {
    await using open = await openedSnov({ credits: 100 })
    const ordinary = domainWith((each) => open.truth.mailOf(each) === 'ordinary')
    const caught = domainWith((each) => open.truth.mailOf(each) === 'catchall')
    const rows = [
      ...peopleWith(open.truth, ordinary, { emails: 2 }),
      ...peopleWith(open.truth, ordinary, { emails: 0 }),
    ]
    await open.finish(FINDER, { rows })
    expect(open.sandbox.balance).toBe(98)
    await open.finish(FINDER, { rows: peopleWith(open.truth, caught, { count: 3 }) })
    expect(open.sandbox.balance).toBe(95)
    await open.finish('email-verification', { emails: [`jo@${caught}`, 'nothing'] })
    expect(open.sandbox.balance).toBe(93)
    const [row = rows[0]] = rows
    const input = snovInput(FINDER, row?.first_name.toUpperCase() ?? '', ` ${row?.last_name}`, ordinary)
    expect(open.sandbox.requests.charges[input]).toBe(2)
  })

  it('are taken again for the same input under a new hash, unless repeats are free', async () => {
    await using open = await openedSnov({ credits: 20 })
    const [name = ''] = hitNames(open.truth, 1)
    const hashes = [
      await open.start(NAMES, { names: [name] }),
      await open.start(NAMES, { names: [name.toUpperCase()] }),
    ]
    for (const hash of [...hashes, ...hashes]) await open.poll(NAMES, hash)
    expect(new Set(hashes).size).toBe(2)
    const input = snovInput(NAMES, name)
    expect(open.sandbox.requests).toMatchObject({ starts: { [input]: 2 }, charges: { [input]: 2 } })
    open.setFaults('repeat-free')
    const again = await open.finish(NAMES, { names: [name] })
    expect(rowsOf(again)[0]).toEqual({ name, result: { domain: open.truth.domainOf(name)?.domain } })
    expect(open.sandbox.requests).toMatchObject({ starts: { [input]: 3 }, charges: { [input]: 2 } })
  })

  it('are taken for a task whose buyer never came back', async () => {
    await using open = await openedSnov({ credits: 20, unattendedMs: 5000 })
    open.setFaults('reset-after:1x:@company-domain-by-name+start')
    const names = hitNames(open.truth, 2)
    await expect(open.call('POST', `/v2/${NAMES}/start`, { names })).rejects.toThrow('fetch failed')
    expect(open.sandbox.requests.starts).toEqual(Object.fromEntries(names.map((name) => [snovInput(NAMES, name), 1])))
    open.clock.nowMs += 4999
    expect(open.sandbox.balance).toBe(20)
    open.clock.nowMs += 1
    expect(Object((await open.call('GET', '/v1/get-balance')).body.data).balance).toBe('18.00')
  })

  it('are spent by others too', async () => {
    await using open = await openedSnov({ credits: 20 })
    open.sandbox.moveBalance(-5)
    open.sandbox.moveBalance(1)
    expect([open.sandbox.balance, open.sandbox.requests.creditsSpent]).toEqual([16, 0])
  })
})

describe('too few credits', () => {
  it('show in the result, which has no rows and costs nothing, for ever', async () => {
    await using open = await openedSnov({ credits: 2 })
    const names = hitNames(open.truth, 3)
    const hash = await open.start(NAMES, { names })
    await open.poll(NAMES, hash)
    const short = await open.poll(NAMES, hash)
    expect([short.status, short.body]).toEqual([
      200,
      { status: 'not_enough_credits', data: [], meta: { names, task_hash: hash } },
    ])
    expect(open.sandbox.balance).toBe(2)
    open.sandbox.moveBalance(100)
    expect((await open.poll(NAMES, hash)).body.status).toBe('not_enough_credits')
  })

  it('do not matter for what is free', async () => {
    await using open = await openedSnov({ credits: 0 })
    expect((await open.finish(NAMES, { names: missNames(open.truth, 2) })).body.status).toBe('completed')
  })

  it('pay for some of the rows when told so', async () => {
    await using open = await openedSnov({ credits: 2, faults: 'partial-credits' })
    const { body } = await open.finish(NAMES, { names: hitNames(open.truth, 3) })
    expect([body.status, Object(body.data).length, open.sandbox.balance]).toEqual(['not_enough_credits', 2, 0])
  })

  it.each([400, 402])('show as %s at the start when the balance is used up', async (status) => {
    await using open = await openedSnov({ credits: 0, faults: `credits-${status}` })
    const answer = await open.call('POST', `/v2/${NAMES}/start`, { names: hitNames(open.truth, 1) })
    expect([answer.status, answer.body]).toEqual([status, SHORT])
    expect(open.sandbox.requests).toMatchObject({ starts: {}, faults: { [`credits-${status}`]: 1 } })
    open.sandbox.moveBalance(5)
    expect((await open.finish(NAMES, { names: hitNames(open.truth, 1) })).body.status).toBe('completed')
  })

  it('show as an HTTP error in the result when the balance did not reach', async () => {
    await using open = await openedSnov({ credits: 1, faults: 'credits-402' })
    const answer = await open.finish(NAMES, { names: hitNames(open.truth, 2) })
    expect([answer.status, answer.body]).toEqual([402, SHORT])
  })

  it.each([
    ['no-credits', 200, 'not_enough_credits'],
    ['no-credits,credits-400:@result', 400, undefined],
  ])('can be pretended: %s', async (faults, status, word) => {
    await using open = await openedSnov({ credits: 50, faults })
    const answer = await open.finish(NAMES, { names: hitNames(open.truth, 1) })
    expect([answer.status, answer.body.status]).toEqual([status, word])
    expect(open.sandbox.balance).toBe(50)
  })

  it('show in searches by domain as well', async () => {
    await using open = await openedSnov({ credits: 0, pendingPolls: 0 })
    const domain = domainWith((each) => open.truth.contactsOf(each).company !== undefined)
    const { body } = await open.call('POST', `/v2/domain-search/start?domain=${domain}`)
    const { body: short } = await open.call('GET', new URL(Object(body.links).result).pathname)
    expect(short).toMatchObject({ data: [], links: [], status: 'not_enough_credits' })
  })
})
