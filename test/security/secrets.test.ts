// Keys, secrets and tokens are shown to nobody and kept nowhere. Tokens of the API: test/commands/token.test.ts and
// serve.test.ts; credentials of a shared allowance: test/commands/allowance-url.test.ts; that a child of the demo gets no
// keys: test/commands/demo.long.test.ts.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkFile } from '../../src/db/backup.ts'
import { run, tempFolder } from '../host.ts'
import { type Answer, scriptedServer } from '../scripted-server.ts'
import { addCompany, newDatabase } from '../steps/export/export-world.ts'

const SECRETS = {
  COMPANIES_HOUSE_API_KEY: 'rest-key-0123',
  COMPANIES_HOUSE_STREAM_KEY: 'stream-key-0123',
  SNOV_CLIENT_ID: 'client-id-0123456789abcdefghij',
  SNOV_CLIENT_SECRET: 'client-secret-0123456789abcdef',
  CHPIPE_SERVE_TOKEN: 'trial-token-0123',
}

/** A server that says everything that it was told again, with a status. */
const echo =
  (status: number): Answer =>
  async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const said = `${request.headers.authorization} ${body}`
    const errors = { message: said, error: said, errors: [said], access_token: 'access-token-0123\u0001' }
    response.writeHead(status, { location: `/${encodeURIComponent(said)}` }).end(JSON.stringify(errors))
  }

describe('a server that repeats what it was told', () => {
  it.each([
    ['import-officers', 401, 3],
    ['stream', 401, 3],
    ['enrich --max-credits 5', 401, 3],
    ['enrich --max-credits 5 --json --log-format json', 401, 3],
    ['doctor --json', 401, 1],
    ['doctor', 400, 1],
    ['doctor', 302, 1],
    ['doctor', 200, 1],
  ])('finds no secret in the output, the log or the database of %s after a %i', async (line, status, code) => {
    using folder = tempFolder()
    const db = newDatabase(folder.file('companies.db'))
    addCompany(db, { company_number: '00000001', officers_state: 'pending' })
    db.$client.close()
    await using server = await scriptedServer(() => echo(status))
    const urls = ['COMPANIES_HOUSE_API_URL', 'COMPANIES_HOUSE_STREAM_URL', 'SNOV_API_URL'].map((name) => [
      name,
      server.url,
    ])
    const env = { ...SECRETS, ...Object.fromEntries(urls), CHPIPE_TIME_SCALE: '0.01' }
    const args = [...line.split(' '), '--log-file', 'chpipe.log']
    const finished = await run(args, { cwd: folder.path, env })
    expect(finished.code).toBe(code)
    expect(server.asked.length).toBeGreaterThan(0)
    const written = readdirSync(folder.path).map((name) => readFileSync(folder.file(name), 'latin1'))
    const told = [finished.stdout, finished.stderr, ...written].join('\n')
    for (const secret of [...Object.values(SECRETS), 'access-token']) {
      for (const text of [secret, btoa(`${secret}:`), encodeURIComponent(`${secret}:`)])
        expect(told).not.toContain(text)
    }
  })
})

it('the process that checks a file is told nothing of the environment', async () => {
  using folder = tempFolder()
  newDatabase(folder.file('a.db')).$client.close()
  process.env.NODE_OPTIONS = '--require=/nowhere'
  try {
    const signal = new AbortController().signal
    expect((await checkFile(folder.file('a.db'), { scope: 'quick', signal })).problems).toEqual([])
  } finally {
    delete process.env.NODE_OPTIONS
  }
})
