import { readFileSync, readlinkSync } from 'node:fs'
import { ChpipeError, systemMeaning, systemReason } from './errors.ts'

/**
 * Writes a result, waiting while the reader is slow. Rejects with a `data` error when it cannot be written, such as to a
 * full disk; what a closed pipe throws passes unchanged, since that is no failure.
 */
export function writeTo(stream: NodeJS.WritableStream, text: string | Uint8Array): Promise<void> {
  return new Promise((done, fail) => {
    stream.write(text, (error) => (error ? fail(outputError(error)) : done()))
  })
}

function outputError(error: Error): Error {
  const code = String((error as NodeJS.ErrnoException).code ?? '')
  if (!systemMeaning(code)) return error
  return new ChpipeError('data', `The output could not be written: ${systemReason(error).reason}`, {
    hint: 'free some space or send the output elsewhere, then run the command again',
    cause: error,
  })
}

/**
 * Whether the program was started to outlive its terminal. `nohup` ignores SIGHUP for what it starts, but Node sets every
 * signal back to its default before any script runs, so that only what `nohup` left behind reports it: its name in `_`,
 * as bash and zsh set it, its output file, its stdin, which can be written only; or a parent, such as a shell that `nohup`
 * or `trap '' HUP` keeps, that ignores the signal itself. `proc` is where Linux shows processes.
 */
export function outlivesTerminal(env: Record<string, string | undefined>, proc = '/proc'): boolean {
  if (/(^|\/)nohup$/.test(env._ ?? '')) return true
  return stdinIsWriteOnly(proc) || outputIsNohups(proc) || parentIgnoresHangUp(proc)
}

function stdinIsWriteOnly(proc: string): boolean {
  const flags = /^flags:\s*(\d+)/m.exec(readText(`${proc}/self/fdinfo/0`))?.[1]
  return flags !== undefined && (Number.parseInt(flags, 8) & 0b11) === 1 && linkOf(`${proc}/self/fd/0`) === '/dev/null'
}

function outputIsNohups(proc: string): boolean {
  return /\/nohup\.out$/.test(linkOf(`${proc}/self/fd/1`))
}

function parentIgnoresHangUp(proc: string): boolean {
  const parent = /^PPid:\s*(\d+)/m.exec(readText(`${proc}/self/status`))?.[1]
  const ignored = /^SigIgn:\s*([\da-f]+)/m.exec(readText(`${proc}/${parent}/status`))?.[1]
  return ignored !== undefined && (BigInt(`0x${ignored}`) & 1n) === 1n
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file)
  } catch {
    return ''
  }
}
