import ky, { type KyInstance } from 'ky'

export type Http = KyInstance

/**
 * Makes the function that sends single calls below `baseUrl`: a status is an answer and never an error, nothing is
 * tried again or timed here, and a redirect is not followed, so that no other host ever sees a credential.
 */
export function createHttp(baseUrl: string, headers: Record<string, string>): Http {
  return ky.create({
    prefixUrl: baseUrl,
    headers,
    retry: 0,
    timeout: false,
    throwHttpErrors: false,
    redirect: 'manual',
  })
}
