#!/usr/bin/env node
import "../dist/cco.js";
