import * as z from 'zod'

// zod tries whether it may make functions of text as soon as there is a schema; the page's policy forbids and reports that.
z.config({ jitless: true })
