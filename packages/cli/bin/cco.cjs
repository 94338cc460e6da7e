#!/usr/bin/env node
require("../dist/cco.cjs");
