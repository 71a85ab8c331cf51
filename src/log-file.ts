import { appendFileSync } from 'node:fs'
import { ChpipeError } from './errors.ts'
import { systemReason } from './system-error.ts'

/**
 * Makes a writer of lines into a file, which is opened anew for each, so that it may be rotated. A line that cannot be
 * written is lost, and nothing else: `tell` hears of the first, and how many they were once the file takes lines again.
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
