import { existsSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ChpipeError } from '../../errors.ts'

/** Marks a folder as the demo's own, which alone may be replaced. */
const MARKER = '.chpipe-demo'

/** Makes `folder` anew, replacing what an earlier demo left. Throws `data` for a folder that is not the demo's. */
export function takeFolder(folder: string): void {
  if (exists(folder)) {
    if (!lstatSync(folder).isDirectory() || !existsSync(join(folder, MARKER))) {
      throw new ChpipeError('data', `There is something here already that no demo has made: ${folder}`, {
        hint: 'move it away, or run the demo in another folder',
      })
    }
    rmSync(folder, { recursive: true })
  }
  try {
    mkdirSync(folder)
    writeFileSync(join(folder, MARKER), 'Made by `chpipe demo`, which replaces this folder when it runs again.\n')
  } catch (cause) {
    throw new ChpipeError('data', `The folder cannot be made: ${folder}`, {
      hint: 'run the demo in a folder that you may write to',
      cause,
    })
  }
}

/** Also true for a link that leads nowhere. */
function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}
