// The OpenAPI description, made from the routes.
import { OpenAPIHono } from '@hono/zod-openapi'
import { routes } from './routes.ts'

const ABOUT = `The companies, officers, domains and e-mail addresses that chpipe has collected, read-only. Columns have the names
that they have in its database and exports.

Lists are paged: ask for the path in \`next\` as long as it is not null. With \`Accept: application/x-ndjson\` a list comes as lines,
from the cursor or its beginning to its end, each page as it is at the time it is read. Errors are problem details
(RFC 9457).

Agents find the same at \`/mcp\`, by the Model Context Protocol over streamable HTTP, with the same tokens and limits.`

/** Of the program; the data has its own terms. */
const LICENCE = { name: 'MIT', url: 'https://opensource.org/license/mit' }

export type Description = ReturnType<OpenAPIHono['getOpenAPI31Document']>

/** The description as a client needs it, without any data. */
export function describe(version: string, basePath: string): Description {
  const app = new OpenAPIHono()
  for (const route of routes) app.openAPIRegistry.registerPath(route)
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'A token from the operator: Authorization: Bearer chp_...',
  })
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'chpipe', version, description: ABOUT, license: LICENCE },
    servers: [{ url: basePath || '/' }],
  })
}
