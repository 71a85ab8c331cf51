import { describe, expect, it } from 'vitest'
import { bulkText, changeLine, companyLine, personLine } from '../companies-house/bulk/bulk-lines.ts'
import { run } from '../host.ts'
import { unzipped } from '../steps/export/package-world.ts'
import { filedWorld, restRow, saveRestList } from '../steps/officers/filed-world.ts'

const NUMBERS = ['99000001', '99000002', '99000003']

/** Three companies: one by file and update, one by file, one by REST; and one about which the file disagrees. */
async function imported() {
  const world = filedWorld([...NUMBERS, '99000004'])
  const lines = NUMBERS.slice(0, 2).flatMap((company) => [companyLine(company, 1), personLine({ company })])
  const wrong = [companyLine('99000004', 2), personLine({ company: '99000004' })]
  const file = world.file('Prod216_9001_ew_1.dat', bulkText([...lines, ...wrong]))
  const change = changeLine({ company: '99000001', fields: ['', 'AVA MAY', 'RENAMED'] })
  const update = world.file(
    'Prod198_9002.txt',
    bulkText([companyLine('99000001', 1), change], { kind: 'UPDT', run: '9002', day: '20260808' }),
  )
  saveRestList(world.db, '99000003', [restRow('99000003')])
  const chpipe = async (...args: string[]) => {
    const { code, stdout, stderr } = await run([...args, '--db', world.folder.file('companies.db')], {
      cwd: world.folder.path,
    })
    return { code, stdout, stderr }
  }
  return { world, file, update, chpipe }
}

describe('chpipe import-officers --file and --updates', () => {
  it('say in a table what they did', async () => {
    const { world, file, update, chpipe } = await imported()
    using _ = world
    const first = await chpipe('import-officers', '--file', file)
    expect(first).toMatchObject({ code: 0 })
    expect(first.stdout).toBe(
      [
        'with officers   3 of 10,000 companies',
        'file            product 216, run 9001, of 2026-08-07: ew_1',
        'records         6; 3 of the stored companies are among them',
        'completed       2 companies, 2 officers, without a call',
        'disagreeing     1 company with a list that is not taken:',
        '                99000004: it counts 2 officers, and 1 are listed',
        'parts           not the whole snapshot: companies of the other parts are not touched',
        '',
      ].join('\n'),
    )
    const second = await chpipe('import-officers', '--updates', update, update)
    expect(second.stdout).toBe(
      [
        'with officers   3 companies',
        'applied         1 update',
        '                run 9002 of 2026-08-08: 1 company; 0 new, 1 changed, 0 gone',
        'passed over     run 9002 of 2026-08-08: named twice',
        '',
      ].join('\n'),
    )
  })

  it('need neither a key nor a call, but companies', async () => {
    const { world, file } = await imported()
    using _ = world
    const { code, stderr } = await run(['import-officers', '--file', file, '--db', world.folder.file('none.db')])
    expect(code).toBe(1)
    expect(stderr).toContain('There is no database yet')
  })

  it('stop at an interrupt with 130, and leave everything as it was', async () => {
    const { world, file } = await imported()
    using _ = world
    const { code } = await run(['import-officers', '--file', file, '--db', world.folder.file('companies.db')], {
      started: (process) => process.emit('SIGINT'),
    })
    expect(code).toBe(130)
    expect(world.company('99000001').officers_state).toBe('pending')
  })

  it('are told apart by progress, the report and the files', async () => {
    const { world, file, update, chpipe } = await imported()
    using _ = world
    expect(JSON.parse((await chpipe('progress', '--json')).stdout)).not.toHaveProperty('lists_proven_by')
    await chpipe('import-officers', '--file', file)
    await chpipe('import-officers', '--updates', update)
    expect(JSON.parse((await chpipe('progress', '--json')).stdout)).toMatchObject({
      companies_with_officers: 3,
      lists_proven_by: [
        { source: 'bulk-198', companies: 1, newest_on: '2026-08-08' },
        { source: 'bulk-216', companies: 1, newest_on: '2026-08-07' },
        { source: 'rest', companies: 1, newest_on: null },
      ],
    })
    const { stdout } = await chpipe('progress')
    expect(stdout).toContain('  proven         1 by bulk-198, to 2026-08-08\n')
    expect(stdout).toContain('                 1 by the API and the stream\n')
    const packed = await chpipe('export', '--format', 'csv', '--package', world.folder.file('delivery.zip'))
    expect(packed).toMatchObject({ code: 0 })
    const report = (await unzipped(world.folder.file('delivery.zip'))).get('report.html')?.toString() ?? ''
    expect(report).toContain('Appointments by source')
    expect(report).toContain('Bulk files of Companies House, product 198')
    expect(report).toContain('Bulk files of Companies House, product 216')
  })
})
