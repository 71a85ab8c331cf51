import type { Statement } from 'better-sqlite3'
import type { Db } from '../src/db/open.ts'

/** What SQLite says of each query that `body` prepares on a connection: the steps of its plan, with every value 0. */
export function plansOf({ $client: client }: Db, body: () => void): string[] {
  const prepare = client.prepare
  const plans = new Map<string, string[]>()
  client.prepare = ((sql: string) => {
    const statement = prepare.call(client, sql)
    if (/^\s*(select|with|insert|update|delete)\b/i.test(sql)) plans.set(sql, planOf(sql))
    return statement
  }) as typeof prepare
  const planOf = (sql: string) => {
    const explain = prepare.call<typeof client, [string], Statement<unknown[]>>(client, `EXPLAIN QUERY PLAN ${sql}`)
    const values = Array.from(sql.matchAll(/\?/g), () => 0)
    const named = Object.fromEntries(Array.from(sql.matchAll(/[$@:]([a-z]\w*)/g), ([, name]) => [name, 0]))
    const steps = explain.all(...(values.length > 0 ? values : [named])) as { detail: string }[]
    return steps.map(({ detail }) => detail)
  }
  try {
    body()
  } finally {
    client.prepare = prepare
  }
  return [...plans.values()].flat()
}
