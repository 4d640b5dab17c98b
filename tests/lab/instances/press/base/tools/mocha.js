// Runs the tests that it is given and prints them as mocha's json-stream does.
const path = require("path");

const tests = [];
let file = "";
global.it = (title, body) => tests.push({ title, body, file });

for (const name of process.argv.slice(2)) {
  file = path.resolve(name);
  require(file);
}
console.log(JSON.stringify(["start", { total: tests.length }]));
let failures = 0;
for (const { title, body, file } of tests) {
  let err;
  try { body(); } catch (error) { err = error.message; failures += 1; }
  console.log(JSON.stringify([err === undefined ? "pass" : "fail", { title, fullTitle: title, file, duration: 1, err }]));
}
console.log(JSON.stringify(["end", { tests: tests.length, passes: tests.length - failures, failures }]));
process.exitCode = failures;
