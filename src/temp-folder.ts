// Where temporary files go, SQLite's among them.
import { accessSync, constants, statSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** Lets temporary files go to this folder from now on. SQLite reads the variable whenever it needs such a file. */
export function useTempFolder(folder: string): void {
  process.env.SQLITE_TMPDIR = folder
}

/** The folder for temporary files: the one that was chosen as long as it can be written, else the system's. */
export function tempFolder(): string {
  const chosen = process.env.SQLITE_TMPDIR
  return chosen !== undefined && isWritableFolder(chosen) ? chosen : tmpdir()
}

export function isWritableFolder(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
