import { appendFileSync } from 'node:fs'
import { ChpipeError, systemReason } from './errors.ts'
import { hang, printable, safeJson } from './text.ts'

export type LogFields = Record<string, string | number | boolean | null | undefined>
type Level = 'info' | 'warn' | 'error'

/** One line per event worth knowing. Fields never hold secrets. */
export interface Log {
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

export interface LogOptions {
  format: 'text' | 'json'
  /** Leaves out `info`. */
  quiet: boolean
  now(): number
  write(line: string): void
}

/** A log that writes each event as one line, readable or as JSON, with outside text made harmless. */
export function createLog({ format, quiet, now, write }: LogOptions): Log {
  const entry =
    (level: Level) =>
    (message: string, fields: LogFields = {}) => {
      if (quiet && level === 'info') return
      const time = new Date(now()).toISOString()
      write(format === 'json' ? safeJson({ time, level, message, ...fields }) : textLine(time, level, message, fields))
    }
  return { info: entry('info'), warn: entry('warn'), error: entry('error') }
}

/** The same log for what must continue when a line cannot be written, such as to a full disk: the line is left out. */
export function lenient(log: Log): Log {
  const entry =
    (level: Level): Log[Level] =>
    (...line) => {
      try {
        log[level](...line)
      } catch {
        // There is nobody left to tell.
      }
    }
  return { info: entry('info'), warn: entry('warn'), error: entry('error') }
}

function textLine(time: string, level: Level, message: string, fields: LogFields): string {
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) => `${key}=${typeof value === 'string' && /[\s"=]/.test(value) ? JSON.stringify(value) : value}`,
    )
  return printable([time, level.padEnd(5), message, ...pairs].join(' '))
}

/** Time and level take these columns. */
const BEFORE_MESSAGE = 31
/** A terminal that has less room for the message itself. */
const NARROW = 72

/** A line of the log on a terminal: broken between words, below the message. */
export function onTerminal(line: string, columns: number): string {
  return line.startsWith('{') ? line : hang(line, columns, columns < NARROW ? 4 : BEFORE_MESSAGE)
}

/**
 * Makes a writer of lines into a file, which is opened anew for each, so that it may be rotated. A line that cannot be
 * written is lost, and nothing else: `tell` is called for the first, and how many they were once the file takes lines again.
 * Throws a `data` error when the file cannot be opened to begin with.
 */
export function logToFile(file: string, tell: (line: string) => void): (line: string) => void {
  try {
    append(file, '')
  } catch (cause) {
    throw new ChpipeError('data', `The log file cannot be written: ${file}`, {
      hint: 'name a file in a folder that exists and may be written',
      cause,
    })
  }
  let lost = 0
  return (line) => {
    try {
      // The first lost line may have left a part of itself.
      append(file, lost === 0 ? `${line}\n` : `\n${line}\n`)
      if (lost > 0) tell(`the log file takes lines again; ${lost} could not be written: ${file}`)
      lost = 0
    } catch (error) {
      lost += 1
      if (lost > 1) return
      tell(
        `the log file cannot be written, going on without it and trying again: ${systemReason(error).reason}: ${file}`,
      )
    }
  }
}

function append(file: string, text: string): void {
  appendFileSync(file, text, { mode: 0o600 })
}
