/** Every wait that `CHPIPE_TIME_SCALE` shortens, in one place. The allowance window is not among them. */
export interface Timings {
  /** A request without an answer for this long has failed; gateways answer 504 after about 40 s (facts 1.3). */
  requestTimeoutMs: number
  /** How long a single probing call may hold the others back. */
  probePatienceMs: number
  /** First and longest step of the back-off after a failed attempt. */
  backoffBaseMs: number
  backoffCapMs: number
  /** Wait before a company that failed or answered 404 is asked again, by round. */
  officersRetryMs: number[]
  /** How often an outage is probed, growing to the cap. */
  outageProbeMs: number
  outageProbeCapMs: number
  /** How long an outage may last unless `--max-outage` says otherwise. */
  maxOutageMs: number
}

const SECOND = 1000
const MINUTE = 60 * SECOND

/** The timings of production, each multiplied by `scale` (1 in production, less as a test aid). */
export function timings(scale: number): Timings {
  return {
    requestTimeoutMs: 45 * SECOND * scale,
    probePatienceMs: 5 * SECOND * scale,
    backoffBaseMs: 0.5 * SECOND * scale,
    backoffCapMs: 30 * SECOND * scale,
    officersRetryMs: [2 * SECOND * scale, 10 * SECOND * scale],
    outageProbeMs: 2 * SECOND * scale,
    outageProbeCapMs: 30 * SECOND * scale,
    maxOutageMs: 15 * MINUTE * scale,
  }
}
