// Counts of the server's own requests, as Prometheus metrics.
import type { Labels, Metric, Sample } from '../exposition.ts'

const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export interface HttpMetrics {
  begin(): void
  end(request: { route: string; method: string; status: number; seconds: number }): void
  metrics(): Metric[]
}

interface Durations {
  buckets: number[]
  sum: number
  count: number
}

/** Starts counting from zero. Labels come from closed sets, so that strangers cannot make series. */
export function createHttpMetrics(): HttpMetrics {
  const requests = new Map<string, { labels: Labels; count: number }>()
  const durations = new Map<string, Durations>()
  let inFlight = 0
  return {
    begin() {
      inFlight += 1
    },
    end({ route, method, status, seconds }) {
      inFlight -= 1
      const labels = { route, method: KNOWN_METHODS.has(method) ? method : 'other', status: String(status) }
      const key = JSON.stringify(labels)
      const known = requests.get(key) ?? { labels, count: 0 }
      requests.set(key, { labels, count: known.count + 1 })
      const taken = durations.get(route) ?? { buckets: BUCKETS_SECONDS.map(() => 0), sum: 0, count: 0 }
      durations.set(route, {
        buckets: taken.buckets.map((count, index) => count + (seconds <= (BUCKETS_SECONDS[index] ?? 0) ? 1 : 0)),
        sum: taken.sum + seconds,
        count: taken.count + 1,
      })
    },
    metrics: () => [
      {
        name: 'chpipe_http_requests_total',
        help: 'Requests answered, by route, method and status.',
        type: 'counter',
        samples: [...requests.values()].map(({ labels, count }) => ({ labels, value: count })),
      },
      {
        name: 'chpipe_http_request_duration_seconds',
        help: 'Time from the headers of a request to the end of its answer, streams included.',
        type: 'histogram',
        samples: [...durations].flatMap(([route, taken]) => histogram(route, taken)),
      },
      {
        name: 'chpipe_http_requests_in_flight',
        help: 'Requests that are being answered.',
        type: 'gauge',
        samples: [{ value: inFlight }],
      },
    ],
  }
}

const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

function histogram(route: string, { buckets, sum, count }: Durations): Sample[] {
  return [
    ...buckets.map((value, index) => ({
      suffix: '_bucket',
      labels: { route, le: String(BUCKETS_SECONDS[index]) },
      value,
    })),
    { suffix: '_bucket', labels: { route, le: '+Inf' }, value: count },
    { suffix: '_sum', labels: { route }, value: sum },
    { suffix: '_count', labels: { route }, value: count },
  ]
}
