import { printable, safeJson } from './text.ts'

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

/** The same log for what must go on when a line cannot be written, such as to a full disk: the line is left out. */
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
