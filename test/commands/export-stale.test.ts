// Lists in doubt are not delivered as complete, and whoever exports is told.
import { expect, test } from 'vitest'
import { run, tempFolder } from '../host.ts'
import { addCompany, addOfficer, newDatabase } from '../steps/export/export-world.ts'
import { unzipped } from '../steps/export/package-world.ts'

function folderOf(...states: ('complete' | 'stale')[]) {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  for (const [at, officers_state] of states.entries()) {
    const company_number = `0000000${at + 1}`
    addCompany(db, { company_number, officers_state, officers_count: 1 })
    addOfficer(db, { company_number, appointment_id: 'a', name: 'SMITH, Jane', surname: 'SMITH' })
  }
  db.$client.close()
  return folder
}

test('a list in doubt is left out, with a warning and a sentence in the report', async () => {
  using folder = folderOf('complete', 'stale')
  const { code, stdout, stderr } = await run(['export', '--include', 'companies'], { cwd: folder.path })
  expect(code).toBe(0)
  expect(stdout).toContain('00000001')
  expect(stdout).not.toContain('00000002')
  expect(stderr).toContain('warn  Companies are left out whose officer lists are in doubt companies=1')
  await run(['export', '--package', 'a.zip'], { cwd: folder.path })
  const report = (await unzipped(folder.file('a.zip'))).get('report.html')?.toString() ?? ''
  expect(report).toContain('Left out until they are fetched again: 1 company whose officer list is in doubt.')
})

test('with --all, or when none is in doubt, nothing is said', async () => {
  using doubtful = folderOf('complete', 'stale')
  const all = await run(['export', '--all', '--include', 'companies'], { cwd: doubtful.path })
  expect(all.stdout).toContain('00000002')
  expect(all.stderr).not.toContain('doubt')
  using sure = folderOf('complete')
  expect((await run(['export'], { cwd: sure.path })).stderr).not.toContain('doubt')
})
