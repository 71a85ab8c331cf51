/** A larger body is hostile or broken: the largest officer page known is under 1 MB. */
const MAX_BODY_BYTES = 16 * 1024 * 1024

/** The text of an answer, unpacked; null as soon as it passes `MAX_BODY_BYTES`. Throws when the connection breaks. */
export async function readBody(response: Response): Promise<string | null> {
  if (!response.body) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > MAX_BODY_BYTES) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
