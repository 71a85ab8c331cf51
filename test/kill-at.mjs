// Preloaded into a child process: kills it at its nth change of a name in a file system, before or after it.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

let left = Number(process.env.KILL_AT)
for (const call of ['linkSync', 'renameSync', 'rmSync']) {
  const real = fs[call]
  fs[call] = (...args) => {
    left -= 1
    if (left === 0 && process.env.KILL_WHEN !== 'after') process.kill(process.pid, 'SIGKILL')
    const result = real(...args)
    if (left === 0) process.kill(process.pid, 'SIGKILL')
    return result
  }
}
syncBuiltinESMExports()
