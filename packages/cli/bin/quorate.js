#!/usr/bin/env node
// Runs the built modules without the bundle: for tests, which must not wait for it to be made anew.
import { main } from '../dist/main.js'

process.exitCode = await main(process.argv)
