// A PostgreSQL that asks for the password in clear, and says it again in whatever it refuses.

import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { run, tempFolder } from '../host.ts'
import { addCompany, newDatabase } from '../steps/export/export-world.ts'

const PASSWORD = 'invented/secret 0123'

function message(type: string, ...parts: (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

const int = (value: number, bytes: 2 | 4) => {
  const buffer = Buffer.alloc(bytes)
  buffer.writeIntBE(value, 0, bytes)
  return buffer
}
const refusal = (code: string, said: string) =>
  message('E', `SFATAL\0VFATAL\0C${code}\0M${said}\u001b[31m\nerror: forged\0D${said}\0H${said}\0\0`)
const ready = message('Z', 'I')
const version = Buffer.concat([
  message('T', int(1, 2), 'server_version_num\0', int(0, 4), int(0, 2), int(25, 4), int(-1, 2), int(-1, 4), int(0, 2)),
  message('D', int(1, 2), int(6, 4), '180000'),
  message('C', 'SHOW\0'),
  ready,
])

/** Answers each message of a session with what stands in the list, and repeats the password in what is a code. */
async function hostileServer(answers: readonly (string | Buffer)[]) {
  const sockets = new Set<Socket>()
  const heard: string[] = []
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    let at = -1
    let password = ''
    socket.on('data', (bytes) => {
      if (bytes.length === 8) {
        socket.write('N')
        return
      }
      at += 1
      if (at === 1) password = bytes.toString('utf8', 5, bytes.length - 1)
      heard.push(bytes.toString('latin1'))
      const answer = answers[at]
      if (answer !== undefined)
        socket.write(typeof answer === 'string' ? refusal(answer, `you said ${password}`) : answer)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    port: (server.address() as { port: number }).port,
    heard,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}

const askPassword = message('R', int(3, 4))
const welcome = Buffer.concat([message('R', int(0, 4)), message('K', int(1, 4), int(2, 4)), ready])

it.each([
  ['28P01', 3, [askPassword, '28P01']],
  ['XX000', 4, [askPassword, 'XX000']],
  ['53300', 4, [askPassword, welcome, version, '53300']],
  ['42601', 5, [askPassword, welcome, version, '42601']],
  ['55P03', 4, [askPassword, welcome, version, '55P03']],
  ['57P01', 4, [askPassword, welcome, version, '57P01']],
] as const)('a refusal with %s shows no password', async (_code, exit, answers) => {
  await using server = await hostileServer(answers)
  using folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  addCompany(db, { company_number: '00000001' })
  db.$client.close()
  const env = {
    CHPIPE_POSTGRES_URL: `postgres://me:${encodeURIComponent(PASSWORD)}@127.0.0.1:${server.port}/x?sslmode=disable`,
  }
  const { code, stdout, stderr } = await run(['publish', '--log-file', 'chpipe.log'], { env, cwd: folder.path })
  expect(server.heard.some((text) => text.includes(PASSWORD))).toBe(true)
  expect([code, stdout]).toEqual([exit, ''])
  const told = `${stderr}\n${readFileSync(folder.file('chpipe.log'), 'utf8')}`
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), '\u001b']) expect(told).not.toContain(secret)
  expect(stderr.match(/^error: /gm)).toHaveLength(1)
})
