import { existsSync, readFileSync } from 'node:fs'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { startPostgres } from './postgres.ts'

const certificate = (name: string) => readFileSync(new URL(`upstream/certificates/${name}`, import.meta.url), 'utf8')

async function ask(config: { connectionString: string; ssl?: object }, sql: string): Promise<unknown[]> {
  const client = new Client(config)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

it('starts a server that outlives a crash with its data, and leaves nothing behind', async () => {
  const server = await startPostgres({ settings: { max_connections: '7' } })
  const connectionString = server.url
  await ask({ connectionString }, 'CREATE TABLE kept AS SELECT 7 AS seven')
  expect(existsSync(server.folder)).toBe(true)
  await server.stop('immediate')
  await expect(ask({ connectionString }, 'SELECT 1')).rejects.toThrow('ECONNREFUSED')
  await server.start()
  expect(await ask({ connectionString }, 'SELECT * FROM kept')).toEqual([{ seven: 7 }])
  expect(await ask({ connectionString }, 'SHOW max_connections')).toEqual([{ max_connections: '7' }])
  const wrong = connectionString.replace(/:[^:@]+@/, ':wrong@')
  await expect(ask({ connectionString: wrong }, 'SELECT 1')).rejects.toThrow('password authentication failed')
  await server[Symbol.asyncDispose]()
  expect(existsSync(server.folder)).toBe(false)
  expect(() => process.kill(server.pid(), 0)).toThrow('ESRCH')
})

it('offers TLS with the certificate that it is given', async () => {
  await using server = await startPostgres({
    tls: { cert: certificate('server.pem'), key: certificate('server.key') },
  })
  const sql = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
  const ssl = { ca: certificate('ca.pem') }
  expect(await ask({ connectionString: server.url, ssl }, sql)).toEqual([{ ssl: true }])
  expect(await ask({ connectionString: server.url }, sql)).toEqual([{ ssl: false }])
})
