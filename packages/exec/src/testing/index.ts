export { FakeRunner, type FakeReply } from "./fake-runner.js";
