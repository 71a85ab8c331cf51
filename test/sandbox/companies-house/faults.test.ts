import { describe, expect, it } from 'vitest'
import { type FaultName, parseFaults } from '../../../src/sandbox/companies-house/faults.ts'
import { opened } from './opened.ts'
import { items, tried } from './tried.ts'

describe('before the API is reached, nothing is counted', () => {
  it.each([
    [
      '502',
      '<html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.\n</body></html>\n',
    ],
    [
      '503',
      '<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n',
    ],
    ['504', "<html><body><h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n</body></html>\n"],
  ])('%s is a page of the gateway', async (name, page) => {
    await using trial = await tried(`${name}:~20ms`)
    const answer = await trial.officers()
    expect([answer.status, answer.text]).toEqual([Number(name), page])
    expect(answer.headers.get('content-type')).toBe('text/html')
    expect(answer.headers.get('x-ratelimit-remain')).toBeNull()
    expect(trial.open.sandbox.requests).toMatchObject({ total: 1, counted: 0 })
  })

  it.each(['204', '400', '410', '451', 'html404'])('%s stands for every answer', async (name) => {
    await using trial = await tried(name)
    const answer = await trial.officers()
    expect(answer.status).toBe(name === 'html404' ? 404 : Number(name))
    if (name !== '204') expect(answer.text).toContain('<html>')
    expect(trial.open.sandbox.requests.counted).toBe(0)
  })

  it('403 is empty', async () => {
    await using trial = await tried('403')
    const answer = await trial.officers()
    expect([answer.status, answer.text]).toEqual([403, ''])
    expect(trial.open.sandbox.requests.counted).toBe(0)
  })

  it('reset cuts the connection', async () => {
    await using trial = await tried('reset:1x')
    await expect(trial.officers()).rejects.toThrow('fetch failed')
    expect((await trial.officers()).status).toBe(200)
    expect(trial.open.sandbox.requests).toMatchObject({ total: 2, counted: 1, byStatus: { none: 1, 200: 1 } })
  })
})

describe('after it is counted', () => {
  it('500 is the documented JSON', async () => {
    await using trial = await tried('500')
    const answer = await trial.officers()
    expect([answer.status, answer.body.error]).toEqual([500, 'Internal server error'])
    expect(answer.headers.get('x-ratelimit-remain')).toBe('599')
    expect(trial.open.sandbox.requests.counted).toBe(1)
  })

  it('429 comes out of the blue', async () => {
    await using trial = await tried('429:1x')
    const answer = await trial.officers()
    expect([answer.status, answer.text, answer.headers.get('x-ratelimit-remain')]).toEqual([429, '', '599'])
    expect(trial.open.sandbox.requests.rateLimited).toBe(1)
  })

  it('reset-mid-body promises more than it sends', async () => {
    await using trial = await tried('reset-mid-body')
    await expect(trial.officers()).rejects.toThrow()
    expect(trial.open.sandbox.requests).toMatchObject({ counted: 1, byStatus: { 200: 1 } })
  })

  it.each<[FaultName, RegExp, string]>([
    ['truncated', /^\{"active_count":/, 'application/json'],
    ['garbage', /not json/, 'application/json'],
    ['html', /^<!DOCTYPE html>/, 'text/html'],
  ])('%s is a 200 that is not JSON', async (name, start, type) => {
    await using trial = await tried([{ name }])
    const answer = await trial.officers()
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type])
    expect(answer.text).toMatch(start)
    expect(() => JSON.parse(answer.text)).toThrow(SyntaxError)
  })

  it('slow is right but late', async () => {
    await using trial = await tried('slow:~60ms')
    const began = performance.now()
    expect(items(await trial.officers()).length).toBe(35)
    expect(performance.now() - began).toBeGreaterThan(50)
  })

  it('hang never answers', async () => {
    await using trial = await tried('hang:1x')
    const { sandbox } = trial.open
    const request = fetch(`${sandbox.url}/company/x`, {
      headers: { Authorization: `Basic ${btoa(`${sandbox.apiKey}:`)}` },
      signal: AbortSignal.timeout(100),
    })
    await expect(request).rejects.toThrow('timeout')
    expect(sandbox.requests).toMatchObject({ counted: 1, byStatus: { none: 1 } })
  })

  it('no-rate-headers leaves them out', async () => {
    await using trial = await tried('no-rate-headers')
    const { headers, status } = await trial.officers()
    expect([status, [...headers.keys()].filter((name) => name.startsWith('x-ratelimit'))]).toEqual([200, []])
  })
})

it('unsorted: a search shows the same companies in another order each time', async () => {
  await using open = await opened({ faults: parseFaults('unsorted') })
  const read = async () => {
    const { body } = await open.get('/advanced-search/companies?size=300')
    return (body.items as { company_number: string }[]).map((item) => item.company_number)
  }
  const [first, second] = [await read(), await read()]
  expect(first).not.toEqual(second)
  expect([...first].sort()).toEqual([...second].sort())
  expect(first.length).toBe(300)
})

it('a call that takes time is counted while it is under way', async () => {
  await using open = await opened({ latencyMs: 40 })
  const answer = open.get('/company/x')
  await expect.poll(() => open.sandbox.requests.counted, { interval: 2, timeout: 2000 }).toBe(1)
  expect(open.sandbox.requests.byStatus).toEqual({})
  expect((await answer).status).toBe(404)
})
