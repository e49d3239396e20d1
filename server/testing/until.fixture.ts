/** Asks again and again, and returns the first answer that is good; any that counts as true where nothing else is said. */
export async function until<Answer>(
  what: string,
  ask: () => Promise<Answer>,
  isGood: (answer: Answer) => boolean = Boolean,
): Promise<Exclude<Answer, null | undefined | false>> {
  for (let tries = 3000; tries > 0; tries--) {
    const answer = await ask();
    if (isGood(answer)) return answer as Exclude<Answer, null | undefined | false>;
    await Bun.sleep(10);
  }
  throw new Error(`it never came: ${what}`);
}
