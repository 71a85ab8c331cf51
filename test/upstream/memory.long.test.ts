// The built program against a server that attacks its memory. `SOAK=1` tries every attack, not only the worst.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createWorld } from '../../src/sandbox/world/world.ts'
import { loadCompanies } from '../acceptance/load-companies.ts'
import { startChild } from '../child.ts'
import { tempFolder } from '../host.ts'
import { scriptedServer } from '../scripted-server.ts'
import { attacks } from './hostile.ts'

const WATCHED = fileURLToPath(new URL('watched.mjs', import.meta.url))
const WORST = ['nested brackets, packed', 'one long text', 'as many officers as are read', 'chunks of one byte']

describe('import-officers', () => {
  const all = attacks()
  it.each(process.env.SOAK ? Object.keys(all) : WORST)(
    'stays below 300 MB whatever 32 answers hold: %s',
    async (name) => {
      using folder = tempFolder()
      loadCompanies(folder, createWorld({ seed: 1, companies: 40, today: '2026-09-15' }))
      await using server = await scriptedServer(() => all[name] ?? expect.fail())
      const child = startChild(['import-officers', '--concurrency', '32', '--max-outage', '2s'], {
        cwd: folder.path,
        nodeArgs: ['--import', WATCHED],
        env: {
          COMPANIES_HOUSE_API_URL: server.url,
          COMPANIES_HOUSE_API_KEY: 'a-key',
          CHPIPE_CH_QUOTA: '10000/1s',
          CHPIPE_TIME_SCALE: '0.1',
          MAX_RSS_FILE: folder.file('rss'),
        },
      })
      setTimeout(() => child.process.kill('SIGINT'), process.env.SOAK ? 20_000 : 3000)
      const { code } = await child.ended
      expect([1, 4, 130]).toContain(code)
      const mb = Number(readFileSync(folder.file('rss'), 'utf8'))
      if (process.env.SOAK) process.stdout.write(`${name}: ${Math.round(mb)} MB, ${server.asked.length} calls\n`)
      expect(server.asked.length).toBeGreaterThan(1)
      expect(mb).toBeLessThan(300)
    },
  )
})
