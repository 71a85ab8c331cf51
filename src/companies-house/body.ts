import { UpstreamError } from './upstream-error.ts'

/** A larger body is hostile or broken: the largest officer page known is under 1 MB. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024

/** The text of an answer. Throws a final `UpstreamError` as soon as it passes `MAX_BODY_BYTES`. */
export async function readBody(response: Response, path: string): Promise<string> {
  if (!response.body) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > MAX_BODY_BYTES)
      throw new UpstreamError(`The answer is larger than 16 MB: GET ${path}`, { retryable: false })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The JSON of a 200. Cut, empty or other text is a passing fault of the service, so the error may be retried. */
export function parseBody(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UpstreamError(`The answer is not whole JSON: GET ${path}`, { retryable: true, cause })
  }
}
