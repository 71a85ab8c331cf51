import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type DemoFacts, renderFacts } from '../../src/commands/demo/facts.ts'
import { takeFolder } from '../../src/commands/demo/stage.ts'
import { run, tempFolder } from '../host.ts'

describe('chpipe demo', () => {
  const foreign: [what: string, make: (path: string) => void][] = [
    ['a folder that no demo has made', (path) => mkdirSync(path)],
    ['a file', (path) => writeFileSync(path, 'mine')],
    ['a link to a folder', (path) => symlinkSync(join(path, '..'), path)],
    ['a link to nowhere', (path) => symlinkSync('/nowhere', path)],
  ]

  it.each(foreign)('refuses to replace %s', async (_what, make) => {
    using folder = tempFolder()
    make(folder.file('chpipe-demo'))
    expect(await run(['demo'], { cwd: folder.path })).toEqual({
      code: 5,
      stdout: '',
      stderr:
        `error: The folder exists and was not made by the demo: ${folder.file('chpipe-demo')}\n` +
        'try: move it away, or run the demo in another folder\n',
    })
  })

  it('replaces the folder of an earlier demo', () => {
    using folder = tempFolder()
    takeFolder(folder.file('chpipe-demo'))
    writeFileSync(folder.file('chpipe-demo/companies.db'), 'old')
    takeFolder(folder.file('chpipe-demo'))
    expect(existsSync(folder.file('chpipe-demo/companies.db'))).toBe(false)
  })

  it('says in its table when rows differ', () => {
    const facts: DemoFacts = {
      companies: 300,
      target: 200,
      companies_with_officers: 200,
      without_officers: 4,
      officers: 1200,
      calls: 208,
      rate_limited: 0,
      quota: { limit: 52, window_seconds: 2, peak: 52, peak_percent: 100 },
      interrupted_at: 90,
      compared: { companies: 300, officers: 1200, differences: ['00000001 abc: name is X, not Y'] },
      streamed: {
        companies: 30,
        domains: 13,
        emails: 7,
        people: 7,
        credits: 20,
        balance: 480,
        snov_calls: 62,
        snov_rate_limited: 0,
        bought_twice: 1,
        differences: ['1 inputs were bought twice'],
      },
      pscs: {
        records: 326,
        companies: 290,
        example: {
          company_number: '00000001',
          name: 'Ms Jane Smith',
          natures_of_control: 'Ownership of shares – 75% or more',
        },
        differences: ['00000002 x y is not stored'],
      },
      verification: {
        counts: { verified: 400, due: 90, overdue: 3, ended: 0, none: 707 },
        examples: [{ state: 'overdue', name: 'SMITH, Jane', company: 'HAWTHORN LIMITED' }],
      },
      equal_to_truth: false,
      folder: '/tmp/chpipe-demo',
      database: '/tmp/chpipe-demo/companies.db',
      backup: '/tmp/chpipe-demo/backups/companies-20261123T174500Z.db',
      csv: ['/tmp/chpipe-demo/delivery/companies.csv'],
      package: '/tmp/chpipe-demo/delivery.zip',
      elapsed_seconds: 12.3,
      synthetic: true,
    }
    const table = renderFacts(facts, { program: 'chpipe' })
    const words = table.replace(/[\s│]+/g, ' ')
    expect(words).toContain("1 DIFFERENCES from the sandbox's register, such as 00000001 abc: name is X, not Y")
    expect(words).toContain(
      '400 verified, 90 due, 3 overdue, 0 ended, 707 none overdue: SMITH, Jane, of HAWTHORN LIMITED',
    )
    expect(words).toContain('Ms Jane Smith, at 00000001: Ownership of shares – 75% or more')
    expect(words).toContain('1 DIFFERENCES, such as 00000002 x y is not stored')
    expect(words).toContain('1 DIFFERENCES from Snov, such as 1 inputs were bought twice')
    expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })
})
