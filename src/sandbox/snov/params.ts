/** The parameters of a call, wherever and however they were sent. */
export interface Params {
  /** The last value of that name as text; empty when there is none. */
  text(name: string): string
  /** All values of that name, as they came. */
  list(name: string): unknown[]
}

/**
 * Reads query, form, multipart or JSON parameters alike (facts 1 and 2.2): a trailing `[]` or `[0]` is no part of a name,
 * and `rows[0][first_name]` is a member of a row [B]. A body that cannot be read has no parameters.
 */
export async function readParams(query: URLSearchParams, contentType: string, body: Buffer): Promise<Params> {
  const values = new Map<string, unknown[]>()
  const rows = new Map<string, Record<string, unknown>>()
  const add = (key: string, value: unknown) => {
    const [, list = '', index = '', member = ''] = /^(\w+)\[(\d+)\]\[(\w+)\]$/.exec(key) ?? []
    if (list === '') return push(values, key.replace(/\[\d*\]$/, ''), value)
    const row = rows.get(`${list} ${index}`)
    if (row) row[member] = value
    else {
      const first = { [member]: value }
      rows.set(`${list} ${index}`, first)
      push(values, list, first)
    }
  }
  for (const [key, value] of query) add(key, value)
  for (const [key, value] of await bodyPairs(contentType, body)) add(key, value)
  const list = (name: string) => values.get(name) ?? []
  return {
    list,
    text(name) {
      const last = list(name).at(-1)
      return typeof last === 'string' || typeof last === 'number' ? String(last) : ''
    },
  }
}

function push(values: Map<string, unknown[]>, name: string, value: unknown): void {
  const list = values.get(name) ?? []
  values.set(name, list)
  if (Array.isArray(value)) list.push(...value)
  else list.push(value)
}

async function bodyPairs(contentType: string, body: Buffer): Promise<Iterable<[string, unknown]>> {
  if (body.length === 0) return []
  try {
    if (/json/i.test(contentType)) return Object.entries(Object(JSON.parse(body.toString('utf8'))))
    const form = await new Response(body, { headers: { 'Content-Type': contentType } }).formData()
    return form.entries()
  } catch {
    return []
  }
}
