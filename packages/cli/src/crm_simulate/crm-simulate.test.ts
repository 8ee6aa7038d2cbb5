import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmSimulate } from './main.ts'

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-simulate-'))
afterAll(() => fs.rmSync(scratch, { recursive: true }))

test.each([[['-A']], [['-c']], [['--output-as=xml']]])(
  'with %j nothing is told of who leads the cluster, even where nobody does',
  async (more) => {
    const file = path.join(scratch, 'cib.xml')
    fs.writeFileSync(
      file,
      '<cib crm_feature_set="3.16.1" validate-with="none"><configuration><crm_config/><nodes/><resources/><constraints/></configuration><status/></cib>',
    )
    const { code, out } = await tryTool(crmSimulate, ['-x', file, ...more])
    expect(code).toBe(0)
    expect(out).not.toMatch(/Current DC|current_dc/)
  },
)
