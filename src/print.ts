import { ChpipeError } from './errors.ts'
import { systemMeaning, systemReason } from './system-error.ts'

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
