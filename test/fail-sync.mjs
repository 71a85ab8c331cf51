// Preloaded into a child process: the nth time that it wants a folder on the disk, the disk fails.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

let left = Number(process.env.FAIL_SYNC_AT)
const open = fs.promises.open
fs.promises.open = async (path, ...rest) => {
  const handle = await open(path, ...rest)
  if (!(await handle.stat()).isDirectory()) return handle
  handle.sync = async () => {
    left -= 1
    if (left === 0)
      throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', errno: -5, syscall: 'fsync' })
  }
  return handle
}
syncBuiltinESMExports()
