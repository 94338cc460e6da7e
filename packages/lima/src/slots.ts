/** Lets a number of things happen at once; the others wait in turn. */
export class Slots {
  readonly #most: number;
  readonly #patienceMs: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  /**
   * @param patienceMs one that waited this long goes all the same: those before it may last for
   *   hours, and the limit is one of speed, not of right.
   */
  constructor(most: number, patienceMs: number) {
    this.#most = most;
    this.#patienceMs = patienceMs;
  }

  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#taken >= this.#most) await this.#turn();
    this.#taken += 1;
    try {
      return await work();
    } finally {
      this.#taken -= 1;
      this.#waiting.shift()?.();
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        clearTimeout(timer);
        const place = this.#waiting.indexOf(go);
        if (place !== -1) this.#waiting.splice(place, 1);
        resolve();
      };
      const timer = setTimeout(go, this.#patienceMs);
      this.#waiting.push(go);
    });
  }
}
