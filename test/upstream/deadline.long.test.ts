// Calls end at their deadline and at an interrupt, whatever the body does, while garbage is collected all the time.
import type { ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createWorld } from '../../src/sandbox/world/world.ts'
import { loadCompanies } from '../acceptance/load-companies.ts'
import { startChild } from '../child.ts'
import { tempFolder } from '../host.ts'
import { type Answer, scriptedServer } from '../scripted-server.ts'

const WATCHED = fileURLToPath(new URL('watched.mjs', import.meta.url))
const nodeArgs = ['--expose-gc', '--import', WATCHED]

const stalls: Answer = (_request, response) => {
  response.writeHead(200).write('{"items":[')
}
const drips: Answer = (_request, response) => {
  response.writeHead(200).write('{"items":[')
  drip(response)
}
const dripsPacked: Answer = (_request, response) => {
  response.writeHead(200, { 'content-encoding': 'gzip' }).write(Buffer.from([0x1f, 0x8b, 8]))
}

function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write(' '), 20)
  response.on('close', () => clearInterval(timer))
}

const bodies: [string, Answer][] = [
  ['stalls', stalls],
  ['drips', drips],
  ['stalls within its packing', dripsPacked],
]

function importOfficers(url: string, folder: string, more: string[] = [], env: Record<string, string> = {}) {
  return startChild(['import-officers', '--concurrency', '4', ...more], {
    cwd: folder,
    nodeArgs,
    env: { COMPANIES_HOUSE_API_URL: url, COMPANIES_HOUSE_API_KEY: 'a-key', CHPIPE_CH_QUOTA: '10000/1s', ...env },
  })
}

describe('a REST call whose body', () => {
  it.each(bodies)('%s ends at its deadline', async (_name, answer) => {
    using folder = tempFolder()
    loadCompanies(folder, createWorld({ seed: 1, companies: 4, today: '2026-09-15' }))
    await using server = await scriptedServer(() => answer)
    const child = importOfficers(server.url, folder.path, ['--max-outage', '1s'], { CHPIPE_TIME_SCALE: '0.01' })
    const { code, stderr } = await child.ended
    expect([code, stderr]).toEqual([4, expect.stringMatching(/unavailable|No answer/)])
  })

  it.each(bodies)('%s ends at an interrupt', async (_name, answer) => {
    using folder = tempFolder()
    loadCompanies(folder, createWorld({ seed: 1, companies: 4, today: '2026-09-15' }))
    await using server = await scriptedServer(() => answer)
    const child = importOfficers(server.url, folder.path)
    await expect.poll(() => server.asked.length).toBeGreaterThan(0)
    child.process.kill('SIGINT')
    expect(await child.ended).toMatchObject({ code: 130, signal: null })
  })
})

describe('a Snov call whose body', () => {
  it.each(bodies)('%s ends at its deadline', async (_name, answer) => {
    using folder = tempFolder()
    await using server = await scriptedServer(() => answer)
    const env = {
      SNOV_API_URL: server.url,
      SNOV_CLIENT_ID: 'id',
      SNOV_CLIENT_SECRET: 'secret',
      CHPIPE_TIME_SCALE: '0.01',
    }
    const child = startChild(['doctor', '--json'], { cwd: folder.path, nodeArgs, env })
    const { stdout } = await child.ended
    const checks = JSON.parse(stdout) as { check: string; state: string }[]
    expect(checks.find(({ check }) => check === 'snov')).not.toMatchObject({ state: 'ok' })
    expect(server.asked.length).toBeGreaterThan(0)
  })
})
