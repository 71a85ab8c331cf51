import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { ChpipeError, systemReason } from '../../../errors.ts'

export interface FileEntry {
  name: string
  rows: number
  bytes: number
  sha256: string
}

/** One file or stream being written, which counts and hashes what goes into it. */
export interface Output {
  entry(): FileEntry
  /** Where the bytes lie until they take their destination's place; null when they are passed on as they come. */
  path: string | null
  /** Resolves when it is written; waits while the reader is slow. */
  write(data: string | Uint8Array, rows: number): Promise<void>
  /** Counts what somebody else wrote into `path`. */
  takeWritten(rows: number): Promise<void>
}

/** An output that hands its bytes to `send`. */
export function createOutput(
  name: string,
  send: (bytes: Uint8Array) => Promise<void>,
  path: string | null = null,
): Output {
  const hash = createHash('sha256')
  let rows = 0
  let bytes = 0
  return {
    entry: () => ({ name, rows, bytes, sha256: hash.copy().digest('hex') }),
    path,
    async write(data, more) {
      rows += more
      if (data.length === 0) return
      const chunk = typeof data === 'string' ? Buffer.from(data) : data
      hash.update(chunk)
      await send(chunk)
      bytes += chunk.length
    },
    async takeWritten(more) {
      rows += more
      if (path === null) return
      for await (const chunk of createReadStream(path)) {
        hash.update(chunk as Buffer)
        bytes += (chunk as Buffer).length
      }
    },
  }
}

/**
 * An output into an open file that lies at `from` for now, or nowhere; what goes wrong names `to`, the destination that the
 * operator knows.
 */
export function fileOutput(handle: FileHandle, { from, to }: { from: string | null; to: string }): Output {
  const send = async (bytes: Uint8Array) => {
    try {
      await handle.appendFile(bytes)
    } catch (error) {
      throw outputError(error, to)
    }
  }
  return createOutput(basename(to), send, from)
}

const SENTENCES: Record<string, [sentence: string, hint: string]> = {
  ENOSPC: ['The disk is full', 'free some space or name another folder with --out; nothing half-done was left'],
  EDQUOT: [
    'The disk quota is used up',
    'free some space or name another folder with --out; nothing half-done was left',
  ],
  EACCES: ['The export may not be written there', "check the folder's permissions, or name another with --out"],
  EPERM: ['The export may not be written there', "check the folder's permissions, or name another with --out"],
  EROFS: ['The disk is read-only', 'name another folder with --out'],
  ENOENT: ['The folder does not exist', 'create it, or end the path with / to have it created'],
  ENOTDIR: ['Part of the path is not a folder', 'name another with --out'],
  EEXIST: ['There is a file where the folder should be', 'name another with --out'],
  EISDIR: ['There is a folder where the file should be', 'name another with --out'],
}

/**
 * Turns what the file system threw into a `data` error that names the destination. A pipe that its reader closed passes
 * unchanged: that is no failure, and `main` ends quietly.
 */
export function outputError(error: unknown, path: string): unknown {
  if (error instanceof ChpipeError || !(error instanceof Error)) return error
  const code = String((error as NodeJS.ErrnoException).code ?? '')
  const [sentence, hint] = SENTENCES[code] ?? []
  if (sentence && hint) return new ChpipeError('data', `${sentence}: ${path}`, { hint, cause: error })
  if (code === 'EPIPE' || !/^E[A-Z0-9]+$/.test(code)) return error
  const told = systemReason(error)
  return new ChpipeError('data', `The export could not be written, as ${told.reason}: ${path}`, {
    hint: told.hint,
    cause: error,
  })
}
