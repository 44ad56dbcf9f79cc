// An agent's account: passkeys and her password. Usage: node account.mjs URL CHROMIUM [IMAGES]. Prints one line of JSON for
// each check. With IMAGES, a folder, it leaves a picture of the account there.
import { Bench, clean, launch, must } from "./bench.mjs";

const [url, executablePath, images] = process.argv.slice(2);
const browser = await launch(executablePath);
const bench = new Bench(browser, (u) => u.startsWith(url) || u === "about:blank", (text) => /status of (401|403)/.test(text));
const button = (page, name) => page.getByRole("button", { name, exact: true });
const heading = (page, name) => page.getByRole("heading", { name, exact: true });

// leave puts a picture into the folder of the guide's.
const { picture } = images ? await import("./picture.mjs") : {};
const helper = images && (await browser.newPage());
const leave = async (page, name) => images && picture(page, helper, `${images}/${name}.png`);

// device is one with a finger or a face: it keeps keys, and asks for nothing here.
async function device(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", { options });
  return { lets: (isUserVerified) => session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }) };
}

async function signIn(page, password) {
  await page.getByLabel("Name", { exact: true }).fill("ann");
  await page.getByLabel("Password").fill(password);
  await button(page, "Sign in").click();
}

async function account(page) {
  await button(page, "Account").click();
  await heading(page, "Your account").waitFor();
}

async function signOut(page) {
  await button(page, "Close").last().click();
  await button(page, "Sign out").click();
  await heading(page, "Sign in").waitFor();
}

await bench.check("a passkey: added, listed, opens the desk, removed, opens nothing", async (page) => {
  const finger = await device(page);
  await page.goto(`${url}/desk/`);
  await heading(page, "Sign in").waitFor();
  await clean(page, "sign in with a passkey");
  await signIn(page, "tulip-field");
  await account(page);
  await page.getByText("You have none.").waitFor();
  await page.getByLabel("Name of this device").fill("Ann's laptop");
  await button(page, "Add a passkey").click();
  await page.getByText("The passkey is kept.").waitFor();
  await page.getByText("Ann's laptop").waitFor();
  await clean(page, "account, 360 px");
  await page.setViewportSize({ width: 1000, height: 780 });
  await clean(page, "account, 1000 px");
  await page.setViewportSize({ width: 1000, height: 900 });
  await leave(page, "desk-account");
  await page.getByLabel("Name of this device").fill("again");
  await button(page, "Add a passkey").click();
  await page.getByText("This device has a passkey of yours already.").waitFor();

  await signOut(page);
  await page.setViewportSize({ width: 1000, height: 780 });
  await leave(page, "desk-sign-in");
  await finger.lets(false);
  await button(page, "Sign in with a passkey").click();
  await page.getByRole("alert").getByText("No passkey was used").waitFor();
  await finger.lets(true);
  await button(page, "Sign in with a passkey").click();
  await page.getByText("Connected", { exact: true }).waitFor();
  await heading(page, "Ann").waitFor();

  await account(page);
  await button(page, "Remove: Ann's laptop").click();
  await page.getByText("opens nothing any more.").waitFor();
  await page.getByText("You have none.").waitFor();
  await signOut(page);
  await button(page, "Sign in with a passkey").click();
  await page.getByRole("alert").getByText("This passkey opens nothing here.").waitFor();
});

await bench.check("another password: the desk goes on here, and is closed elsewhere", async (page, context) => {
  await page.goto(`${url}/desk/`);
  await signIn(page, "tulip-field");
  await page.getByText("Connected", { exact: true }).waitFor();
  const elsewhere = await context.browser().newContext();
  const other = await elsewhere.newPage();
  await other.goto(`${url}/desk/`);
  await signIn(other, "tulip-field");
  await other.getByText("Connected", { exact: true }).waitFor();

  await account(page);
  await page.getByLabel("Password of now").fill("rose-garden");
  await page.getByLabel("New password").fill("crocus and snowdrop");
  await button(page, "Change the password").click();
  await page.getByRole("alert").getByText("That is not your password of now.").waitFor();
  await page.getByLabel("Password of now").fill("tulip-field");
  await button(page, "Change the password").click();
  await page.getByText("Your password is changed.").waitFor();
  must((await page.getByLabel("New password").inputValue()) === "", "the form still holds the password");
  await heading(other, "Sign in").waitFor(); // its live socket's session is over; hers here has begun anew
  await button(page, "Close").last().click();
  await page.getByText("Connected", { exact: true }).waitFor();
  await page.reload();
  await page.getByText("Connected", { exact: true }).waitFor();

  await signIn(other, "tulip-field");
  await other.getByRole("alert").getByText("Name or password is wrong.").waitFor();
  await signIn(other, "crocus and snowdrop");
  await other.getByText("Connected", { exact: true }).waitFor();
  await elsewhere.close();
});

await bench.close();
