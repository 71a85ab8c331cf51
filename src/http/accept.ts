// What a client accepts (RFC 9110, sections 12.5.1 and 12.5.3).

interface Preference {
  name: string
  quality: number
}

/** The offered media type that the client likes best, the first one when it does not say; null when it takes none. */
export function acceptedType<T extends string>(accept: string | undefined, offered: readonly T[]): T | null {
  if (!accept?.trim()) return offered[0] ?? null
  const wanted = preferences(accept)
  const rated = offered.map((type) => ({ type, quality: qualityOf(type, wanted) }))
  const best = Math.max(...rated.map(({ quality }) => quality))
  return best > 0 ? (rated.find(({ quality }) => quality === best)?.type ?? null) : null
}

/** Whether the answer may be sent as gzip. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const wanted = preferences(acceptEncoding ?? '')
  const named =
    wanted.find(({ name }) => name === 'gzip' || name === 'x-gzip') ?? wanted.find(({ name }) => name === '*')
  return (named?.quality ?? 0) > 0
}

/** The most exact range that covers the type decides. */
function qualityOf(type: string, wanted: Preference[]): number {
  const ranges = [type, `${type.split('/')[0]}/*`, '*/*']
  for (const range of ranges) {
    const found = wanted.find(({ name }) => name === range)
    if (found) return found.quality
  }
  return 0
}

function preferences(header: string): Preference[] {
  return header
    .toLowerCase()
    .split(',')
    .map((part) => {
      const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim())
      const q = parameters.find((parameter) => parameter.startsWith('q='))
      const quality = q === undefined ? 1 : Number(q.slice(2))
      return { name, quality: quality >= 0 && quality <= 1 ? quality : 0 }
    })
    .filter(({ name }) => name !== '')
}
