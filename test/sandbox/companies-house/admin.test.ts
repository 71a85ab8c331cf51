import { describe, expect, it } from 'vitest'
import { opened } from './opened.ts'

describe('the admin door', () => {
  it('tells what was asked, needs no key and counts nothing', async () => {
    await using open = await opened()
    const number = open.world.companyNumber(0)
    await open.get(`/company/${number}/officers`)
    await open.get(`/company/${number}`)
    const { status, body } = await open.get('/_sandbox/requests', {})
    expect([status, body]).toEqual([
      200,
      {
        total: 2,
        counted: 2,
        rateLimited: 0,
        byKind: { officers: 1, profile: 1 },
        byStatus: { 200: 2 },
        officerCalls: { [number]: 1 },
        firstCallMs: { [number]: expect.any(Number) },
        windowPeak: 2,
        faults: {},
      },
    ])
    expect(open.sandbox.requests).toEqual(body)
  })

  it('tells the truth of a company', async () => {
    await using open = await opened()
    const number = open.world.companyNumber(0)
    const { body } = await open.get(`/_sandbox/companies/${number}`, {})
    expect(body).toEqual(
      JSON.parse(JSON.stringify({ company: open.world.company(number), officers: open.world.officers(number) })),
    )
    expect((await open.get('/_sandbox/companies/99999999', {})).status).toBe(404)
  })

  it('sets faults, which it does not suffer itself, and says what is wrong with a plan', async () => {
    await using open = await opened()
    const set = (body: string) => fetch(`${open.sandbox.url}/_sandbox/faults`, { method: 'POST', body })
    expect((await set('500')).status).toBe(204)
    expect((await open.get('/company/x')).status).toBe(500)
    const wrong = await set('boom')
    expect([wrong.status, await wrong.text()]).toEqual([400, 'There is no fault "boom".\n'])
    expect((await set('')).status).toBe(204)
    expect((await open.get('/company/x')).status).toBe(404)
  })

  it('uses up the allowance for somebody else', async () => {
    await using open = await opened()
    const foreign = (calls: string) => fetch(`${open.sandbox.url}/_sandbox/foreign?calls=${calls}`, { method: 'POST' })
    expect((await foreign('599')).status).toBe(204)
    expect((await open.get('/company/x')).headers.get('x-ratelimit-remain')).toBe('0')
    expect((await foreign('some')).status).toBe(400)
    expect((await open.get('/_sandbox/nothing', {})).status).toBe(404)
  })
})
