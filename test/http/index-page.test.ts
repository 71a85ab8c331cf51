import { expect, test } from 'vitest'
import { serving } from './serving.ts'

test('the page shows every path, with a call and an answer that is JSON, and loads nothing', async () => {
  await using api = await serving(undefined, { limitPerMinute: 77, streamsPerToken: 3 })
  const response = await api.get('/', { headers: { Authorization: '' } })
  const page = await response.text()
  const { body: description } = await api.json('/openapi.json')
  for (const path of Object.keys(description.paths)) expect(page).toContain(`<code>GET ${path}</code>`)
  expect(page).toContain('77 times a minute')
  expect(page).toContain('3 streams of lines')
  expect(page).not.toMatch(/`|undefined|\[object|https?:/)
  const blocks = [...page.matchAll(/<pre[^>]*><code>([\s\S]*?)<\/code><\/pre>/g)].map(([, text = '']) => decoded(text))
  const answers = blocks.filter((text) => text.startsWith('{'))
  expect(answers.length).toBeGreaterThan(4)
  for (const answer of answers) expect(JSON.parse(answer)).toBeTypeOf('object')
  for (const [, path = ''] of blocks.join('\n').matchAll(/"\$URL(\/v1\/[^"]*)"/g)) {
    expect([path, (await api.get(path)).status]).toEqual([path, path.includes('00445790') ? 404 : 200])
  }
})

test('the page says of nobody more than the description does', async () => {
  await using api = await serving()
  const page = await (await api.get('/')).text()
  for (const name of ['NEIL', 'oneil.example', 'Riverside']) expect(page).not.toContain(name)
})

test('the page says who serves it and where to ask, escaped', async () => {
  const signature = { supplier: '<b>Ashdown</b>', contact: 'data@ashdown.example' }
  await using api = await serving(undefined, { signature })
  const page = await (await api.get('/', { headers: { Authorization: '' } })).text()
  expect(page).toContain('Served by <strong>&lt;b&gt;Ashdown&lt;/b&gt;</strong>.')
  expect(page).toContain('<a href="mailto:data@ashdown.example">data@ashdown.example</a>')
})

test('the page brings a policy that lets its style in and nothing else', async () => {
  await using api = await serving()
  const response = await api.get('/')
  expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+';/)
  expect((await response.text()).match(/ style=| on\w+=|<script/g)).toBeNull()
})

function decoded(text: string): string {
  const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' }
  return text.replace(/&(\w+|#39);/g, (_, name: string) => entities[name] ?? '?')
}
