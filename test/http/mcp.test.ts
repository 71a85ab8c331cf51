// Asked by the official client, which we did not write.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { addToken, tokenHash } from '../../src/db/served/tokens.ts'
import { addSuppressions } from '../../src/db/suppress/suppressions.ts'
import { MAX_CALL_BYTES } from '../../src/http/mcp.ts'
import { type Serving, serving, TOKEN } from './serving.ts'

let api: Serving
let agent: Client
beforeAll(async () => {
  api = await serving()
  agent = await connect(api)
})
afterAll(async () => {
  await agent.close()
  await api[Symbol.asyncDispose]()
})

async function connect(to: Serving, token = TOKEN): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' })
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', to.url), { requestInit }))
  return client
}

async function call(client: Client, name: string, given: Record<string, unknown> = {}) {
  const { content, isError = false, structuredContent } = await client.callTool({ name, arguments: given })
  const [first] = content as { text: string }[]
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server answers
  return { isError, text: first?.text ?? '', answer: structuredContent as any }
}

test('says what it can, and that it only reads', async () => {
  const { tools } = await agent.listTools()
  expect(tools.map(({ name }) => name)).toEqual(['search_companies', 'get_company', 'list_officers', 'list_changes'])
  for (const { annotations, description, inputSchema } of tools) {
    expect(annotations).toMatchObject({ readOnlyHint: true })
    expect(description?.length).toBeGreaterThan(20)
    for (const property of Object.values(inputSchema.properties ?? {})) {
      expect((property as { description: string }).description).not.toBe('')
    }
  }
  expect(agent.getInstructions()).toContain('personal data')
})

describe('a tool', () => {
  it.each([
    ['search_companies', { status: ['active'], q: 'river' }, '/v1/companies?status=active&q=river&limit=20'],
    ['search_companies', { include: ['officers'], has_email: true }, '/v1/companies?include=officers&has_email=true'],
    ['list_officers', { company: '1', active: true }, '/v1/officers?company=1&active=true'],
    ['list_officers', { surname: 'van der Berg' }, '/v1/officers?surname=van%20der%20berg'],
  ])('answers what the API answers: %s %j', async (name, given, path) => {
    const { body } = await api.json(path)
    expect(body.items.length).toBeGreaterThan(0)
    expect((await call(agent, name, given)).answer.items).toEqual(body.items)
  })

  it('answers a company whole, as text too', async () => {
    const { body } = await api.json('/v1/companies/00000001')
    const { answer, text } = await call(agent, 'get_company', { company_number: 'No. 1' })
    expect(answer).toEqual(body)
    expect(JSON.parse(text)).toEqual(body)
  })

  it('goes on with the cursor, until there is none', async () => {
    const seen: string[] = []
    let cursor: string | null | undefined
    let pages = 0
    do {
      const { answer } = await call(agent, 'search_companies', { limit: 3, ...(cursor ? { cursor } : {}) })
      seen.push(...answer.items.map((item: { company_number: string }) => item.company_number))
      cursor = answer.cursor
      pages += 1
    } while (cursor)
    expect([pages, seen]).toEqual([2, ['00000001', '00000002', '00000003', 'SC000004']])
  })

  it('tells what is wrong, so that the agent can mend it', async () => {
    expect(await call(agent, 'get_company', { company_number: '99999999' })).toMatchObject({
      isError: true,
      text: 'There is no such company here',
    })
    const wrong = await call(agent, 'search_companies', { created_from: 'yesterday' })
    expect(wrong).toMatchObject({ isError: true, text: expect.stringContaining('created_from') })
    await expect(call(agent, 'search_companies', { colour: 'red' })).resolves.toMatchObject({ isError: true })
  })

  it('never shows who is suppressed', async () => {
    await using own = await serving()
    const client = await connect(own)
    const officers = async () => (await call(client, 'get_company', { company_number: '1' })).answer.officers
    expect(await officers()).toHaveLength(2)
    addSuppressions(own.db, [{ kind: 'officer', value: 'oF-1', born: null, reason: null }], '2026-01-01T00:00:00.000Z')
    expect(await officers()).toHaveLength(1)
    expect(JSON.stringify((await call(client, 'list_officers')).answer)).not.toContain('oF-1')
    await client.close()
  })
})

describe('nobody is let in', () => {
  it.each([
    ['without a token', {}, 401],
    ['with a wrong one', { authorization: 'Bearer chp_wrong' }, 401],
  ])('%s', async (_what, headers, status) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    expect((await fetch(`${api.url}/mcp`, { method: 'POST', headers, body })).status).toBe(status)
  })

  it('with a token for the metrics', async () => {
    const addedAt = '2026-01-01T00:00:00.000Z'
    addToken(api.db, { name: 'monitor', hash: tokenHash('chp_monitor'), addedAt, scope: 'metrics' })
    const headers = { Authorization: 'Bearer chp_monitor' }
    expect((await api.get('/mcp', { method: 'POST', headers, body: '{}' })).status).toBe(403)
  })

  it('whose token has made too many requests', async () => {
    await using own = await serving(undefined, { limitPerMinute: 3 })
    const post = () => own.get('/mcp', { method: 'POST', body: '{}' })
    const statuses = [await post(), await post(), await post(), await post()].map(({ status }) => status)
    expect(statuses.indexOf(429)).toBe(3)
  })
})

test.each([
  ['GET', undefined, 405],
  ['DELETE', undefined, 405],
  ['POST', 'no JSON', 400],
  ['POST', 'x'.repeat(MAX_CALL_BYTES + 1), 413],
])('%s with %.10s is refused with a status and changes nothing', async (method, body, status) => {
  const headers = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' }
  const answer = await api.get('/mcp', { method, headers, ...(body === undefined ? {} : { body }) })
  expect(answer.status).toBe(status)
  expect((await call(agent, 'list_officers')).isError).toBe(false)
})
