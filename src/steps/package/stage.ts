// Where a package is put together: a hidden folder beside the zip, on the same disk, gone in the end.
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ChpipeError } from '../../errors.ts'
import { outputError } from '../export/output.ts'
import { livesElsewhere } from '../export/replace.ts'
import { makeFolder } from '../make-folders.ts'

const LEFTOVER = /^\..+\.chpipe-(\d+)-[0-9a-f]{8}\.parts$/

export interface Stage {
  /** Where the zip is to lie: behind a link, the file that it leads to. */
  path: string
  /** Only its owner may look into it. */
  folder: string
  [Symbol.dispose](): void
}

/** Opens a stage for the zip at `goal`, and clears those that killed runs left beside it. Throws a `data` error. */
export function openStage(goal: string): Stage {
  const path = refuseOthers(goal)
  const beside = dirname(path)
  try {
    for (const name of readdirSync(beside)) {
      const [, pid] = LEFTOVER.exec(name) ?? []
      if (pid && !livesElsewhere(Number(pid))) rmSync(join(beside, name), { recursive: true, force: true })
    }
    const folder = join(beside, `.${basename(path)}.chpipe-${process.pid}-${randomBytes(4).toString('hex')}.parts`)
    makeFolder(folder)
    return { path, folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
  } catch (error) {
    throw outputError(error, path)
  }
}

/** Only a file may be replaced by the zip, and only where its folder is there already. */
function refuseOthers(goal: string): string {
  if (existsSync(goal)) {
    if (statSync(goal).isFile()) return realpathSync(goal)
    throw new ChpipeError('data', `There is something other than a file where the zip should be: ${goal}`, {
      hint: 'name another file with --package',
    })
  }
  if (existsSync(dirname(goal))) return goal
  throw new ChpipeError('data', `The folder does not exist: ${dirname(goal)}`, { hint: 'create it first' })
}
