import type { Connection } from './connection.ts'
import type { StreamCounts } from './stream-counts.ts'

/** The connections of one account. */
export interface ConnectionRoom {
  /** Makes room for one more, then opens it. */
  add(open: () => Connection): void
  each(act: (connection: Connection) => void): void
  /** Resolves when no connection is left. */
  over(): Promise<void>
}

/** Holds up to `limit` connections: one more closes the oldest (facts 3.3). Keeps the counts of open and kicked ones. */
export function createRoom(limit: number, counts: StreamCounts): ConnectionRoom {
  const connections = new Set<Connection>()

  function leave(connection: Connection): void {
    if (connections.delete(connection)) counts.open -= 1
  }

  return {
    add(open) {
      for (const oldest of [...connections].slice(0, Math.max(0, connections.size + 1 - limit))) {
        counts.kicked += 1
        leave(oldest)
        oldest.end()
      }
      const connection = open()
      connections.add(connection)
      counts.open += 1
      counts.openPeak = Math.max(counts.openPeak, counts.open)
      void connection.over.finally(() => leave(connection))
    },
    each: (act) => connections.forEach(act),
    async over() {
      await Promise.all([...connections].map((connection) => connection.over))
    },
  }
}
