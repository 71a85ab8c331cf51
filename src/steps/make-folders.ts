import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it that are missing; returns the uppermost that was made. Throws what the file system
 * says. Node's own `recursive` tries for ever where folders cannot be made but their absence is all that is told, as in
 * `/proc`.
 */
export function makeFolders(path: string, mode = 0o777): string | undefined {
  if (isFolder(path)) return undefined
  const parent = dirname(path)
  const above = exists(parent) ? undefined : makeFolders(parent, mode)
  try {
    mkdirSync(path, { mode })
    return above ?? path
  } catch (error) {
    if (!isFolder(path)) throw error
    return above
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
