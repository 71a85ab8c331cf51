/** The closed set of ways in which a command can end other than well; `main` maps each to an exit code. */
export type ErrorKind = 'no' | 'usage' | 'config' | 'upstream' | 'data' | 'bug' | 'interrupted'

export interface ErrorDetails {
  /** What the operator can do about it; printed on the `try:` line. */
  hint?: string
  cause?: unknown
}

/** Every failure chpipe foresees. The message is one sentence that says what happened, and never holds a secret. */
export class ChpipeError extends Error {
  override readonly name = 'ChpipeError'
  readonly kind: ErrorKind
  readonly hint: string | undefined

  constructor(kind: ErrorKind, message: string, { hint, cause }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.kind = kind
    this.hint = hint
  }
}

/** Throws the reason of a signal that was aborted by a failure, not by the operator. */
export function throwFailure({ reason }: AbortSignal): void {
  if (reason instanceof ChpipeError && reason.kind !== 'interrupted') throw reason
}

/** The message of anything that was thrown, as one line. */
export function errorMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replace(/\s+/g, ' ').trim()
}

// What the operating system refuses, in words that an operator can act upon.

const MEANINGS: Record<string, [sentence: string, hint: string]> = {
  ENOSPC: ['The disk is full', 'free some space and run the command again; what was stored before is kept'],
  EDQUOT: ['The disk quota is used up', 'free some space and run the command again; what was stored before is kept'],
  EROFS: ['The disk is read-only', 'name a place that may be written, or have it mounted for writing'],
  EACCES: ['The permission is missing', 'see who owns the file and its folder, and which user runs chpipe'],
  EPERM: ['The permission is missing', 'see who owns the file and its folder, and which user runs chpipe'],
  EIO: ['The disk failed', "see the system's log for faults of the disk, then run the command again"],
  EMFILE: ['Too many files are open in this process', 'raise the limit and run the command again: ulimit -n 4096'],
  ENFILE: ['Too many files are open on this machine', 'end other programs, or raise fs.file-max'],
  EFBIG: ['The file would become larger than is allowed', 'raise the limit and run the command again: ulimit -f'],
  ENOMEM: ['There is no memory left', 'end other programs and run the command again'],
  ENOENT: ['There is no such file or folder', 'check the path'],
  ENOTDIR: ['Part of the path is not a folder', 'check the path'],
  EISDIR: ['This is a folder, not a file', 'check the path'],
  ENAMETOOLONG: ['The path is too long', 'name a shorter one'],
  ELOOP: ['The path is a circle of links', 'check the path'],
  EBUSY: ['The file is in use', 'run the command again when it is free'],
}

/** The words for a code such as `ENOSPC`; undefined for what is no refusal of the system. */
export function systemMeaning(code: string): { sentence: string; hint: string } | undefined {
  const [sentence, hint] = MEANINGS[code] ?? []
  return sentence && hint ? { sentence, hint } : undefined
}

/** Why something failed, in the words above, or in the error's own where there are none. */
export function systemReason(error: unknown): { reason: string; hint: string } {
  const meaning = systemMeaning(String((error as NodeJS.ErrnoException | null)?.code ?? ''))
  if (!meaning) return { reason: errorMessage(error), hint: 'check the file, then run the command again' }
  const { sentence, hint } = meaning
  return { reason: `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`, hint }
}

/** Turns what the system refused into a `data` error that names the file, if it was told; null for anything else. */
export function systemError(error: unknown): ChpipeError | null {
  if (!(error instanceof Error) || error instanceof ChpipeError) return null
  const { code = '', path } = error as NodeJS.ErrnoException
  const meaning = systemMeaning(code)
  if (!meaning) return null
  const { sentence, hint } = meaning
  return new ChpipeError('data', path ? `${sentence}: ${path}` : sentence, { hint, cause: error })
}
