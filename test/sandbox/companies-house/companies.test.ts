import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findCompany, type Opened, opened, TODAY } from './opened.ts'

let open: Opened
beforeAll(async () => {
  open = await opened({ companies: 2000 })
})
afterAll(() => open.sandbox.close())

describe('a profile', () => {
  it('is the truth, with what is worked out at request time', async () => {
    const number = findCompany(open.world, (each) => open.world.company(each)?.accounts?.next_due !== undefined)
    const { status, body } = await open.get(`/company/${number}`)
    const { accounts, confirmation_statement, can_file, ...rest } = body
    const truth = JSON.parse(JSON.stringify(open.world.company(number)))
    expect(status).toBe(200)
    expect(rest).toEqual({ ...truth, accounts: undefined, confirmation_statement: undefined })
    expect(accounts).toEqual({
      ...truth.accounts,
      next_accounts: { ...truth.accounts.next_accounts, overdue: truth.accounts.next_due < TODAY },
      overdue: truth.accounts.next_due < TODAY,
    })
    expect(confirmation_statement).toEqual({
      ...truth.confirmation_statement,
      overdue: truth.confirmation_statement.next_due < TODAY,
    })
    expect(can_file).toBe(true)
  })

  it('becomes overdue with time alone', async () => {
    const number = findCompany(open.world, (each) => (open.world.company(each)?.accounts?.next_due ?? '') > TODAY)
    const before = (await open.get(`/company/${number}`)).body
    const now = open.clock.nowMs
    open.clock.nowMs = Date.parse('2030-01-01')
    const after = (await open.get(`/company/${number}`)).body
    open.clock.nowMs = now
    expect([Object(before.accounts).overdue, Object(after.accounts).overdue]).toEqual([false, true])
    expect(after.etag).toBe(before.etag)
  })

  it.each([
    ['ltd', 'active', true],
    ['plc', 'liquidation', true],
    ['llp', 'dissolved', false],
    ['private-unlimited', 'active', true],
    ['private-limited-guarant-nsc', 'converted-closed', false],
    ['limited-partnership', 'active', false],
  ])('of a %s that is %s can be filed for: %s', async (type, status, files) => {
    const number = open.world.companyNumber(1)
    open.world.override(number, { profile: { type, company_status: status } })
    expect((await open.get(`/company/${number}`)).body.can_file).toBe(files)
  })

  it('is a 404 with a long timestamp and a request id when there is none', async () => {
    const { status, body } = await open.get('/company/99999999')
    expect(status).toBe(404)
    expect(body).toEqual({
      timestamp: expect.stringMatching(/^2026-09-15T10:00:00\.\d{9}$/),
      message: '404 NOT_FOUND "Resource not found for company profile 99999999"',
      request_id: expect.stringMatching(/^[\w-]{28}$/),
    })
    expect((await open.get('/company/445790')).status).toBe(404)
  })

  it.each(['', '/officers', '/insolvency'])('is a 500 for more than 8 characters: /company/{n}%s', async (part) => {
    const { status, body } = await open.get(`/company/123456789${part}`)
    expect(status).toBe(500)
    expect(body).toEqual({ exception_id: expect.stringMatching(/^[a-z0-9]{12}$/), error: 'Internal server error' })
  })
})

describe('other resources of a company', () => {
  it('its registered office keeps premises apart; without an address it is a 404', async () => {
    const number = findCompany(open.world, (each) =>
      /^\d+ /.test(open.world.company(each)?.registered_office_address?.address_line_1 ?? ''),
    )
    const { body } = await open.get(`/company/${number}/registered-office-address`)
    expect(`${body.premises} ${body.address_line_1}`).toBe(
      open.world.company(number)?.registered_office_address?.address_line_1,
    )
    expect(body).toMatchObject({
      kind: 'registered-office-address',
      links: { self: `/company/${number}/registered-office-address` },
    })
    const charity = findCompany(open.world, (each) => each.startsWith('CE'))
    const none = await open.get(`/company/${charity}/registered-office-address`)
    expect([none.status, none.text]).toEqual([404, ''])
  })

  it('insolvency of a solvent or unknown company is the 404 of Spring', async () => {
    for (const number of ['99999999', open.world.companyNumber(0)]) {
      const { status, body } = await open.get(`/company/${number}/insolvency`)
      expect([status, body]).toEqual([
        404,
        { timestamp: TODAY, status: 404, error: 'Not Found', path: `/company/${number}/insolvency` },
      ])
    }
  })
})
