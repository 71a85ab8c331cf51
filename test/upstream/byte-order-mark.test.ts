import { expect, it } from 'vitest'
import { readCompanyEvent } from '../../src/companies-house/stream/companies.ts'
import { readLine } from '../../src/companies-house/stream/event.ts'
import { createSplitter } from '../../src/companies-house/stream/lines.ts'
import { connected } from '../companies-house/connected.ts'
import { changed } from '../companies-house/stream/stream-server.ts'
import { plain, scriptedServer } from '../scripted-server.ts'
import { connected as connectedSnov } from '../snov/connected.ts'
import { scriptedSnov } from '../snov/scripted-snov.ts'

const MARK = '\uFEFF'
const options = { lane: 'background', signal: new AbortController().signal } as const

it('a byte order mark before the JSON of Snov is passed over', async () => {
  const balance = plain(200, `${MARK}{"success":true,"data":{"balance":"7.00"}}`)
  await using server = await scriptedSnov({ meddle: ({ path }) => (path === '/v1/get-balance' ? balance : undefined) })
  expect(await (await connectedSnov(server.url)).balance(options)).toBe('7.00')
})

it('a byte order mark before the JSON of the REST API is passed over', async () => {
  await using server = await scriptedServer(() => plain(200, `${MARK}{"a":1}`))
  const read = ({ body }: { body: unknown }) => body
  expect(await connected(server.url).get('/x', { ...options, read })).toEqual({ a: 1 })
})

it('a byte order mark before a line of the stream is passed over', () => {
  const [line] = createSplitter().push(Buffer.from(`${MARK}${changed(5, '00000001')}`))
  if (line?.kind !== 'line') expect.fail('no line')
  expect(readLine(line, readCompanyEvent)).toMatchObject([{ kind: 'changed', timepoint: 5 }])
})

it('a line in crumbs is the line in a piece', () => {
  const splitter = createSplitter()
  const text = changed(5, '00000001', { name: 'é'.repeat(5000) })
  const lines = [...Buffer.from(text)].flatMap((byte) => [...splitter.push(Buffer.from([byte]))])
  expect(lines).toEqual([{ kind: 'line', text: text.trim(), bytes: Buffer.byteLength(text) - 1, utf8: true }])
})
