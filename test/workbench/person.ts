import { mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';

export interface PersonOptions {
  readonly browser: Browser;
  /** The address of the workbench, see `WorkbenchServer.url`. */
  readonly url: string;
  /** The folder that is open there, on this machine. */
  readonly folder: string;
  /** Where screenshots go. */
  readonly pictures: string;
  readonly size?: { readonly width: number; readonly height: number };
}

const PATIENCE_MS = 60_000;
const LOOK_MS = 100;
const WORKBENCH = '.monaco-workbench .part.statusbar';
const TREE_ROWS = '.sidebar .pane-body .monaco-list-row';
const WELCOME = '.sidebar .welcome-view-content';
const OUTPUT_LINES = '.part.panel .output-view .view-line';
const PROBLEM_ROWS = '.part.panel .markers-panel .monaco-list-row';
const NOTIFICATIONS = '.notifications-toasts .notification-list-item-message';
/** The texts of all messages since the last command: what is over in a second may never be on screen when one looks. */
const RECORDED = 'vappNotifications';
const RECORDER = `{
  const texts = (globalThis.${RECORDED} = new Set());
  const note = () => {
    for (const { ariaLabel, textContent } of document.querySelectorAll(${JSON.stringify(NOTIFICATIONS)}))
      texts.add(ariaLabel ?? textContent);
  };
  new MutationObserver(note).observe(document, { subtree: true, childList: true, characterData: true });
}`;
const STATUS_ITEMS = '.part.statusbar .statusbar-item[id*="velocitas"]';

/** Somebody at the workbench: sees what is on screen, and has a keyboard and a mouse. */
export class Person {
  private constructor(
    private readonly context: BrowserContext,
    readonly page: Page,
    private readonly options: PersonOptions,
  ) {}

  static async sitDown(options: PersonOptions): Promise<Person> {
    await mkdir(options.pictures, { recursive: true });
    const context = await options.browser.newContext({ viewport: options.size ?? { width: 1280, height: 800 } });
    context.setDefaultTimeout(PATIENCE_MS);
    await context.addInitScript(RECORDER);
    const page = await context.newPage();
    // `Leave site?` would keep the page from closing.
    page.on('dialog', (dialog) => void dialog.accept().catch(() => undefined));
    await page.goto(options.url);
    await page.locator(WORKBENCH).waitFor();
    return new Person(context, page, options);
  }

  async leave(): Promise<void> {
    await this.context.close();
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.page.locator(WORKBENCH).waitFor();
  }

  /** Keeps what is on screen. While a page gives way to another one, there may be nothing on it. */
  async takePicture(name: string): Promise<void> {
    const path = join(this.options.pictures, `${name}.png`);
    await this.until('something to keep', () => this.page.screenshot({ path }).catch(() => undefined));
  }

  /** Runs a command of the palette by its title, category included. */
  async command(title: string): Promise<void> {
    await this.openPalette(title);
    await this.page.evaluate(`${RECORDED}.clear()`);
    await this.choose(title);
  }

  /** Titles that the palette offers for some text. */
  async offeredCommands(text: string): Promise<string[]> {
    await this.openPalette(text);
    const titles = new Set<string>();
    for (let known = -1; known < titles.size;) {
      known = titles.size;
      for (const title of await this.quickRows().locator('.label-name').allTextContents()) titles.add(title);
      // The list holds no more than the rows that are on screen; the first press goes to the last of them.
      for (const key of ['PageDown', 'PageDown']) await this.page.keyboard.press(key);
      await this.page.waitForTimeout(LOOK_MS);
    }
    await this.page.keyboard.press('Escape');
    return [...titles];
  }

  /** Picks an entry of the list that is open, by its whole label. */
  async choose(label: string): Promise<void> {
    const name = this.page.locator('.label-name').getByText(label, { exact: true });
    await this.quickRows().filter({ has: name }).first().click();
  }

  /** Writes into the input that asks for something, without entering it. */
  async write(text: string): Promise<void> {
    await this.quickInput().fill(text);
  }

  /** Writes into the input that asks for something, and enters it. */
  async answer(text: string): Promise<void> {
    await this.write(text);
    await this.page.keyboard.press('Enter');
  }

  /**
   * Writes the path of a folder into the dialog that asks for one, and presses its button. While the dialog still looks
   * what is in a folder, the press may take no effect, or go to the row on top of the list, which is the parent folder:
   * so one looks what it has now, and presses again.
   */
  async chooseFolder(path: string, button: string): Promise<void> {
    const accept = this.page.locator('.quick-input-widget').getByRole('button', { name: button });
    await accept.waitFor();
    await this.until(`the folder ${path} to be taken`, async () => {
      if (!(await accept.isVisible())) return true;
      if ((await this.quickInput().inputValue()) !== path) await this.write(path);
      await accept.click({ timeout: 1000 }).catch(() => undefined);
      return undefined;
    });
  }

  /** What the input that asks for something says below. */
  async untilComplaint(text: RegExp): Promise<void> {
    await this.page.locator('.quick-input-message').filter({ hasText: text }).waitFor();
  }

  /** Replaces the first line of a file that holds some text, in the editor, and saves it. */
  async changeLine(file: string, from: string, to: string): Promise<void> {
    const lines = (await readFile(join(this.options.folder, file), 'utf8')).split('\n');
    const index = lines.findIndex((line) => line.includes(from));
    const line = lines[index];
    if (line === undefined) throw new Error(`${file} does not contain ${from}`);
    await this.openFile(file, index + 1);
    const { keyboard } = this.page;
    await keyboard.press('End');
    // The first press goes to the first letter, the second to the margin.
    for (const key of ['Shift+Home', 'Shift+Home']) await keyboard.press(key);
    await keyboard.insertText(line.replace(from, to));
    for (const key of ['Home', 'Control+s']) await keyboard.press(key);
    await this.until(`${file} saved`, async () =>
      (await readFile(join(this.options.folder, file), 'utf8')).includes(to) ? true : undefined,
    );
  }

  /** Opens a file of the folder, with the cursor at a line. */
  async openFile(file: string, line = 1): Promise<void> {
    const name = basename(file);
    await this.page.keyboard.press('Control+p');
    await this.quickInput().fill(file);
    // Until the list has heard of it, it shows what was open last.
    await this.quickRows().first().filter({ hasText: name }).click();
    await this.page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
    await this.page.locator('.editor-instance .monaco-editor.focused').waitFor();
    await this.page.keyboard.press('Control+g');
    await this.quickInput().fill(`:${line}`);
    await this.quickRows()
      .filter({ hasText: `${line}` })
      .first()
      .click();
    await this.page.locator('.editor-instance .monaco-editor.focused').waitFor();
  }

  /** Brings our view to the front. */
  async openView(): Promise<void> {
    const tab = this.page.locator('.activitybar').getByRole('tab', { name: /Velocitas/ });
    if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
    await this.page.locator('.sidebar .pane-body').first().waitFor();
    // Off the tab, whose tooltip would cover the view.
    await this.page.mouse.move(0, 0);
  }

  /** What each row of our tree says to a screen reader. */
  rows(): Promise<string[]> {
    return this.texts(TREE_ROWS);
  }

  /** Waits for a row of the tree. */
  async row(label: RegExp, limitMs?: number): Promise<Locator> {
    const index = await this.until(
      `a row ${String(label)}`,
      async () => {
        const found = (await this.rows()).findIndex((text) => label.test(text));
        return found < 0 ? undefined : found;
      },
      limitMs,
    );
    return this.page.locator(TREE_ROWS).nth(index);
  }

  /** Waits until no row of the tree fits. */
  async noRow(label: RegExp): Promise<void> {
    await this.until(`no row ${String(label)}`, async () =>
      (await this.rows()).some((text) => label.test(text)) ? undefined : true,
    );
  }

  /** Opens a row of the tree. */
  async expand(label: RegExp): Promise<void> {
    const row = await this.row(label);
    if ((await row.getAttribute('aria-expanded')) === 'false') await row.locator('.monaco-tl-twistie').click();
  }

  /** What the empty view says. */
  async welcome(): Promise<string> {
    return (await this.page.locator(WELCOME).allTextContents()).join('\n');
  }

  async untilWelcome(text: RegExp, limitMs?: number): Promise<void> {
    await this.untilText('a welcome', text, () => this.welcome(), limitMs);
  }

  /** The lines of the output panel that are on screen, from above. */
  async output(): Promise<string> {
    return (await this.texts(OUTPUT_LINES)).join('\n').replaceAll('\u00a0', ' ');
  }

  async untilOutput(text: RegExp, limitMs?: number): Promise<void> {
    await this.untilText('output', text, () => this.output(), limitMs);
  }

  /** Opens the Problems panel. */
  async openProblems(): Promise<void> {
    await this.command('View: Focus Problems');
    await this.page.locator('.part.panel .markers-panel').waitFor();
  }

  async untilProblem(text: RegExp): Promise<void> {
    await this.untilText('a problem', text, async () => (await this.texts(PROBLEM_ROWS)).join('\n'));
  }

  async noProblem(): Promise<void> {
    await this.until('no problem', async () => ((await this.texts(PROBLEM_ROWS)).length === 0 ? true : undefined));
  }

  /** Waits for a message that is there, or was since the last command. */
  async untilNotification(text: RegExp): Promise<void> {
    const recorded = () => this.page.evaluate<string[]>(`[...${RECORDED}]`);
    await this.until(`a notification ${String(text)}`, async () =>
      [...(await recorded()), ...(await this.texts(NOTIFICATIONS))].some((seen) => text.test(seen)) ? true : undefined,
    );
  }

  /** Waits until nothing is going on that shows its progress. */
  async noNotification(text: RegExp): Promise<void> {
    await this.until(`no notification ${String(text)}`, async () =>
      (await this.texts(NOTIFICATIONS)).some((seen) => text.test(seen)) ? undefined : true,
    );
  }

  /** Has read what the messages say. */
  async closeNotifications(): Promise<void> {
    await this.command('Notifications: Clear All Notifications');
    await this.noNotification(/./);
  }

  /** Presses a button of the view, of a notification or of a dialogue. */
  async press(button: string): Promise<void> {
    await this.page.locator('.monaco-button').getByText(button, { exact: true }).last().click();
  }

  async statusBar(): Promise<string> {
    return (await this.texts(STATUS_ITEMS)).join(' ');
  }

  async untilStatusBar(text: RegExp, limitMs?: number): Promise<void> {
    await this.untilText('a status bar', text, () => this.statusBar(), limitMs);
  }

  /** Looks again and again; all that is on screen is said when it takes too long. */
  async until<T>(what: string, look: () => Promise<T | undefined>, limitMs = PATIENCE_MS): Promise<T> {
    const end = Date.now() + limitMs;
    for (;;) {
      const seen = await look();
      if (seen !== undefined) return seen;
      if (Date.now() > end) throw new Error(`never saw ${what}; on screen was\n${await this.everything()}`);
      await this.page.waitForTimeout(LOOK_MS);
    }
  }

  private async untilText(what: string, text: RegExp, look: () => Promise<string>, limitMs?: number): Promise<void> {
    await this.until(`${what} ${String(text)}`, async () => (text.test(await look()) ? true : undefined), limitMs);
  }

  private async everything(): Promise<string> {
    await this.page.screenshot({ path: join(this.options.pictures, 'missed.png') }).catch(() => undefined);
    const parts = [TREE_ROWS, OUTPUT_LINES, PROBLEM_ROWS, NOTIFICATIONS, STATUS_ITEMS];
    const texts = await Promise.all(parts.map((part) => this.texts(part)));
    return [await this.welcome(), ...texts.flat()].join('\n');
  }

  private async openPalette(text: string): Promise<void> {
    await this.page.keyboard.press('F1');
    await this.quickInput().fill(`>${text}`);
    await this.quickRows().filter({ hasText: text }).first().waitFor();
  }

  private quickInput(): Locator {
    return this.page.locator('.quick-input-widget input[type="text"], .quick-input-widget .input').first();
  }

  private quickRows(): Locator {
    return this.page.locator('.quick-input-widget .monaco-list-row');
  }

  /**
   * What elements say to a screen reader, else show, from above: all at one moment, as one by one, rows would come and go
   * in between; and where they lie, as lists and editors reuse their elements in any order.
   */
  private texts(selector: string): Promise<string[]> {
    return this.page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})]
      .map((element) => ({ top: element.getBoundingClientRect().top, text: element.ariaLabel ?? element.textContent }))
      .sort((a, b) => a.top - b.top)
      .map(({ text }) => text)`);
  }
}
