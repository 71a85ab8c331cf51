// The description holds what the server does: every answer is checked against it, with nothing it does not name.
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Serving, serving } from './serving.ts'

interface Parameter {
  name: string
  in: string
  schema: object & {
    example?: unknown
    pattern?: string
    maxLength?: number
    items?: { pattern?: string; enum?: string[] }
  }
  description?: string
}

interface Operation {
  operationId: string
  security?: object[]
  parameters?: Parameter[]
  responses: Record<string, { headers?: Record<string, object>; content?: Record<string, { schema: object }> }>
}

let api: Serving
let limited: Serving
// biome-ignore lint/suspicious/noExplicitAny: the description is read as a client would.
let description: any
beforeAll(async () => {
  api = await serving()
  limited = await serving(undefined, { limitPerMinute: 1 })
  description = (await api.json('/openapi.json')).body
  await limited.get('/metrics')
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await limited[Symbol.asyncDispose]()
})

const operationOf = (path: string): Operation => description.paths[path].get

/** The schema with every object closed, so that an answer may hold nothing else. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const entries = Object.entries(schema).map(([key, value]) => [key, closed(value)])
  const own = Object.fromEntries(entries)
  return Object.keys((own.properties as object | undefined) ?? {}).length > 0
    ? { ...own, additionalProperties: false }
    : own
}

function complaints(schema: object, value: unknown): unknown {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  const validate = ajv.compile({
    components: closed(description.components) as object,
    ...(closed(schema) as object),
  })
  return validate(value) ? null : validate.errors
}

it.each([
  ['/v1/companies', '/v1/companies', 200],
  ['/v1/companies', '/v1/companies?include=officers,domains,emails&all=true', 200],
  ['/v1/companies', '/v1/companies?q=river&limit=1', 200],
  ['/v1/companies', '/v1/companies?nothing=1', 400],
  ['/v1/companies/{company_number}', '/v1/companies/00000001', 200],
  ['/v1/companies/{company_number}', '/v1/companies/00000009', 404],
  ['/v1/companies/{company_number}', '/v1/companies/000000001', 400],
  ['/v1/officers', '/v1/officers?limit=2', 200],
  ['/v1/officers', '/v1/officers?active=yes', 400],
  ['/v1/changes', '/v1/changes?since=2020-01-01T00:00:00Z', 200],
  ['/v1/changes', '/v1/changes', 400],
  ['/healthz', '/healthz', 200],
  ['/openapi.json', '/openapi.json', 200],
] as const)('%s: the answer to %s is as described for %i', async (path, asked, status) => {
  const { status: got, body, headers } = await api.json(asked)
  const described = operationOf(path).responses[String(status)]
  const type = headers.get('content-type') ?? ''
  expect([got, Object.keys(described?.content ?? {})]).toEqual([status, expect.arrayContaining([type])])
  expect(complaints(described?.content?.[type]?.schema ?? { not: {} }, body)).toBe(null)
  const missing = Object.keys(described?.headers ?? {}).filter((name) => name !== 'Link' && !headers.has(name))
  expect(missing).toEqual([])
})

it.each([
  [401, { Authorization: 'Bearer wrong' }],
  [406, { Accept: 'image/png' }],
  [429, {}],
])('%i is described for everything that needs a token', async (status, headers) => {
  const server = status === 429 ? limited : api
  for (const path of ['/v1/companies', '/v1/companies/{company_number}', '/v1/officers', '/v1/changes', '/metrics']) {
    const asked = `${path.replace('{company_number}', '00000001')}${path.endsWith('changes') ? '?since=2020-01-01T00:00:00Z' : ''}`
    const { status: got, body, headers: told } = await server.json(asked, headers)
    const described = operationOf(path).responses[String(status)]
    expect([path, got, told.get('content-type')]).toEqual([path, status, 'application/problem+json'])
    expect(complaints(described?.content?.['application/problem+json']?.schema ?? { not: {} }, body)).toBe(null)
    expect(Object.keys(described?.headers ?? {}).filter((name) => !told.has(name))).toEqual([])
    expect(operationOf(path).security).toEqual([{ bearer: [] }])
  }
})

it('lines are items of the list', async () => {
  const response = await api.get('/v1/officers', { headers: { Accept: 'application/x-ndjson' } })
  const items = (await response.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(items.length).toBe(3)
  for (const item of items) expect(complaints({ $ref: '#/components/schemas/OfficerWithEmails' }, item)).toBe(null)
})

it('every parameter is told with its type and meaning, and accepted with its example', async () => {
  let tried = 0
  for (const path of ['/v1/companies', '/v1/officers', '/v1/changes']) {
    for (const { name, in: place, schema, description: meaning } of operationOf(path).parameters ?? []) {
      expect([path, name, meaning !== undefined, schema]).toEqual([
        path,
        name,
        true,
        expect.objectContaining({ type: expect.any(String) }),
      ])
      const example = 'example' in schema ? String(schema.example) : null
      if (place !== 'query' || example === null) continue
      const query = new URLSearchParams({
        ...(path.endsWith('changes') ? { since: '2026-01-01T00:00:00Z' } : {}),
        [name]: example,
      })
      expect([name, (await api.json(`${path}?${query}`)).status]).toEqual([name, 200])
      tried += 1
    }
  }
  expect(tried).toBeGreaterThan(10)
  expect(description.components.securitySchemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' })
})

it('passes what a linter asks of it: security said everywhere, operation ids once, servers, a licence, no bare example', () => {
  const operations = Object.entries(description.paths).map(([path, item]) => ({
    path,
    ...(item as { get: Operation }).get,
  }))
  expect(operations.length).toBeGreaterThan(7)
  const open = operations.filter(({ security }) => security?.length === 0).map(({ path }) => path)
  expect(open).toEqual(['/healthz', '/openapi.json', '/'])
  expect(operations.filter(({ security }) => security === undefined)).toEqual([])
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  expect(description.info.license).toEqual({ name: 'MIT', url: expect.stringMatching(/^https:/) })
  expect(description.servers).toEqual([{ url: '/' }])
  for (const { responses } of operations) {
    expect(Object.keys(responses).some((status) => status.startsWith('4'))).toBe(true)
  }
})

/** A value that the description of a parameter forbids, for each way in which it does. */
function forbidden({ schema }: Parameter): string[] {
  const { pattern, maxLength, items } = schema
  return [
    ...(pattern === undefined ? [] : ['%21%21']),
    ...(maxLength === undefined ? [] : ['a'.repeat(maxLength + 1)]),
    ...(items?.pattern === undefined ? [] : ['%21%21', `${example(schema)},%21`]),
    ...(items?.enum === undefined ? [] : ['other', `${items.enum[0]},other`]),
  ]
}

function example(schema: { example?: unknown }): string {
  return String(schema.example)
}

it('a parameter has the pattern or the values that the server enforces', async () => {
  const told: string[] = []
  for (const path of ['/v1/companies', '/v1/officers']) {
    for (const parameter of operationOf(path).parameters ?? []) {
      for (const value of parameter.in === 'query' ? forbidden(parameter) : []) {
        expect([parameter.name, value, (await api.json(`${path}?${parameter.name}=${value}`)).status]).toEqual([
          parameter.name,
          value,
          400,
        ])
        told.push(parameter.name)
      }
      const { items } = parameter.schema
      for (const value of items?.enum ?? []) {
        expect((await api.json(`${path}?${parameter.name}=${value}`)).status).toBe(200)
      }
      if (items?.pattern === undefined) continue
      const values = [parameter.schema.example].flat().map(String)
      expect(values.filter((value) => !new RegExp(items.pattern ?? '', 'u').test(value))).toEqual([])
    }
  }
  const enforced = ['q', 'status', 'type', 'sic', 'postcode', 'include', 'cursor', 'company', 'surname', 'officer_id']
  expect(enforced.filter((name) => !told.includes(name))).toEqual([])
})
