import type { Clock } from '../../clock.ts'
import type { Db } from '../../db/open.ts'
import type { ChpipeError } from '../../errors.ts'
import type { Settings } from '../../settings.ts'
import type { Timings } from '../../timings.ts'

export interface DoctorOptions {
  settings: Settings
  /** As the process was given it. */
  env: Record<string, string | undefined>
  /** The variables that are wrong; they count as not set. */
  faults: readonly ChpipeError[]
  timings: Timings
  clock: Clock
  signal: AbortSignal
  /** The working directory, where `.env` is; null when it was deleted. */
  cwd: string | null
  /** The versions of Node that the program is made for, such as `>=22.13`. */
  nodeNeeded: string
  /** Leaves out all calls. */
  offline: boolean
  /** Somebody should follow the stream. */
  live: boolean
}

/** `allowanceDb` counts the calls: the database itself, or one in memory where that cannot be used. */
export type DoctorStep = DoctorOptions & { allowanceDb: Db }
