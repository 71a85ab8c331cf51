// Folders for temporary and for delivered files, and what is true of every file. Every command loads it, so that it loads
// little itself.
import { accessSync, chmodSync, constants, createReadStream, mkdirSync, rmdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'

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

/** They hold personal data: nobody but their owner may look into them. */
const FOLDER_MODE = 0o700

/**
 * Makes a folder and those above it that are missing, for their owner alone whatever the umask; returns the uppermost that
 * was made. Throws what the file system says. Node's own `recursive` tries for ever where folders cannot be made but their
 * absence is all that is told, as in `/proc`.
 */
export function makeFolders(path: string): string | undefined {
  if (isFolder(path)) return undefined
  const parent = dirname(path)
  const above = exists(parent) ? undefined : makeFolders(parent)
  try {
    makeFolder(path)
    return above ?? path
  } catch (error) {
    if (!isFolder(path)) throw error
    return above
  }
}

/** Makes one folder for its owner alone. Throws what the file system says, also when it is there. */
export function makeFolder(path: string): void {
  mkdirSync(path, { mode: FOLDER_MODE })
  chmodSync(path, FOLDER_MODE)
}

/** Removes the folders from `path` up to `top` for as long as they are empty. */
export function removeEmptyFolders(path: string, top: string): void {
  try {
    for (let folder = path; folder.startsWith(top); folder = dirname(folder)) rmdirSync(folder)
  } catch {
    // Somebody else has put something there; it stays.
  }
}

/** The SHA-256 of bytes in hexadecimal digits. Throws the signal's reason. */
export async function sha256Of(bytes: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<string> {
  const { createHash } = await import('node:crypto')
  const hash = createHash('sha256')
  for await (const chunk of bytes) {
    signal?.throwIfAborted()
    hash.update(chunk)
  }
  return hash.digest('hex')
}

/** The SHA-256 of a file in hexadecimal digits. Throws the signal's reason, and what the file system says. */
export function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  return sha256Of(createReadStream(path, { highWaterMark: 1 << 20 }), signal)
}

/** Resolves when the names in a folder are on the disk. Rejects with what the file system says. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const { open } = await import('node:fs/promises')
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
