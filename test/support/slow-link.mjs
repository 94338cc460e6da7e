/**
 * `node slow-link.mjs HOST PORT MS`: stdin and stdout to a port, each byte so many milliseconds
 * late in each direction. For ssh's ProxyCommand: a slow link wherever netem is not to be had.
 */
import { connect } from "node:net";

const [host = "", port = "", ms = ""] = process.argv.slice(2);
const socket = connect(Number(port), host);

/**
 * @param {NodeJS.ReadableStream} from
 * @param {NodeJS.WritableStream} to
 */
function late(from, to) {
  from.on("data", (chunk) => setTimeout(() => to.write(chunk), Number(ms)));
}

late(process.stdin, socket);
late(socket, process.stdout);
for (const side of [process.stdin, socket]) {
  side.on("error", () => process.exit(1));
  side.on("end", () => setTimeout(() => process.exit(), Number(ms)));
}
