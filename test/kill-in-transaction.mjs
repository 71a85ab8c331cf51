// Preloaded into a child process: kills it inside its nth transaction, when all of it is written and not yet committed.
import Database from 'better-sqlite3'

let left = Number(process.env.KILL_AT)
const real = Database.prototype.transaction
Database.prototype.transaction = function (body) {
  return real.call(this, (...args) => {
    const result = body(...args)
    left -= 1
    if (left === 0) process.kill(process.pid, 'SIGKILL')
    return result
  })
}
