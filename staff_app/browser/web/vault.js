// What a till keeps: values by name in IndexedDB, all of them encrypted but the few that must be
// read before anybody has signed in.
//
// One data key (AES-256-GCM, made on the device) encrypts every sealed value, with the value's name
// as associated data. The data key itself is only ever stored wrapped:
//   - by the storage key that the server tells whoever has signed in on this device,
//   - by what PBKDF2 makes of a colleague's PIN and a key of this browser that cannot be read out,
//   - by a key of this window's session, so that a reload asks nobody for a PIN.
// Why so, and what a thief can read: docs/decisions/0026.

const DATABASE = 'chainstitch-till';
const OPEN = 'open', SEALED = 'sealed', KEYS = 'keys';
const ROUNDS = 600_000;
const LIMITS = { tries: 5, days: 7 };  // of a device that has not been told the rule yet
const AES = { name: 'AES-GCM', length: 256 };
const encoder = new TextEncoder(), decoder = new TextDecoder();

const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

const asked = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

const finished = (transaction) => new Promise((resolve, reject) => {
  transaction.oncomplete = () => resolve();
  transaction.onerror = () => reject(transaction.error);
  transaction.onabort = () => reject(transaction.error || new Error('aborted'));
});

const opened = () => new Promise((resolve, reject) => {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    for (const name of [OPEN, SEALED, KEYS]) request.result.createObjectStore(name);
  };
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
  request.onblocked = () => reject(new Error('another window holds an older version'));
});

const encrypt = async (key, name, bytes) => {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const about = { name: 'AES-GCM', iv, additionalData: encoder.encode(name) };
  return { iv, data: await crypto.subtle.encrypt(about, key, bytes) };
};

const decrypt = (key, name, sealed) => crypto.subtle.decrypt(
  { name: 'AES-GCM', iv: sealed.iv, additionalData: encoder.encode(name) }, key, sealed.data);

const imported = (bytes) => crypto.subtle.importKey('raw', bytes, AES, false, ['encrypt', 'decrypt']);

export class Vault {
  // `openNames` are kept in the clear; `session` is 32 random bytes of this window, in base64.
  static async open(openNames, session) {
    const vault = new Vault();
    vault.openNames = new Set(openNames);
    vault.database = await opened();
    vault.database.onversionchange = () => vault.database.close();
    vault.session = await imported(bytesOf(session));
    await vault.resume();
    return vault;
  }

  get isOpen() { return this.key !== null; }

  key = null;

  // The JSON text of each name, undefined where there is none; rejects with 'locked' if one is sealed.
  async get(names) {
    const transaction = this.database.transaction([OPEN, SEALED]);
    const found = await Promise.all([...names].map((name) => asked(
      transaction.objectStore(this.openNames.has(name) ? OPEN : SEALED).get(name))));
    return Promise.all(found.map(async (value, place) => {
      const name = names[place];
      if (this.openNames.has(name)) return value;
      if (!this.key) throw new Error('locked');
      return value ? decoder.decode(await decrypt(this.key, name, value)) : undefined;
    }));
  }

  // All of them or none; null removes. What is removed needs no key.
  async put(pairs) {
    const ready = await Promise.all([...pairs].map(async ([name, text]) => {
      if (text === null || text === undefined) return [name, null];
      if (this.openNames.has(name)) return [name, text];
      if (!this.key) throw new Error('locked');
      return [name, await encrypt(this.key, name, encoder.encode(text))];
    }));
    const transaction = this.database.transaction([OPEN, SEALED], 'readwrite', { durability: 'strict' });
    const done = finished(transaction);
    for (const [name, value] of ready) {
      const store = transaction.objectStore(this.openNames.has(name) ? OPEN : SEALED);
      if (value === null) store.delete(name); else store.put(value, name);
    }
    await done;
  }

  // Somebody signed in at the server, which told the storage key of this device: what is kept can
  // be read, and from now on by this PIN too, without the server.
  async unlock(number, pin, storageKey) {
    const server = await imported(bytesOf(storageKey));
    const wrapped = await this.keyRecord('server');
    let raw;
    if (wrapped) raw = new Uint8Array(await decrypt(server, 'server', wrapped));
    else if (await this.holdsSomething()) throw new Error('kept under another key');
    else raw = crypto.getRandomValues(new Uint8Array(32));
    if (!wrapped) await this.setKeyRecord('server', await encrypt(server, 'server', raw));
    await this.setPin(number, pin, raw);
    await this.begin(raw);
  }

  // Without the server. {opened: true}, or how many tries are left, or {unknown: true}. The try is
  // counted before it is made: to end the app in between gains nothing.
  async unlockAlone(number, pin) {
    const name = this.pinName(number), limits = await this.limits();
    const record = await this.keyRecord(name);
    const age = record ? (Date.now() - record.at) / 86_400_000 : 0;
    if (!record || age > limits.days) return { unknown: true };
    if (record.tries <= 0) return { left: 0 };
    const left = record.tries - 1;
    await this.setKeyRecord(name, left > 0 ? { ...record, tries: left } : null);
    let raw;
    try {
      const key = await this.pinKey(number, pin, record.salt, record.rounds);
      raw = new Uint8Array(await decrypt(key, name, record.wrapped));
    } catch (error) {
      return { left };
    }
    await this.setKeyRecord(name, { ...record, tries: limits.tries });
    await this.begin(raw);
    return { opened: true };
  }

  // The offline rule says how many tries, and for how many days. What was granted before shrinks with
  // it and never grows: more tries are granted by the next sign-in. In the clear, as tries are.
  async limitAlone(tries, days) {
    const known = await this.limits();
    if (known.tries === tries && known.days === days) return;
    await this.setKeyRecord('limits', { tries, days });
    const names = await asked(this.database.transaction(KEYS).objectStore(KEYS).getAllKeys());
    for (const name of names.filter((key) => key.startsWith('pin:'))) {
      const record = await this.keyRecord(name);
      if (record && record.tries > tries) await this.setKeyRecord(name, { ...record, tries });
    }
  }

  async lock() {
    this.key = null;
    await this.setKeyRecord('session', null);
  }

  // Below: keys.

  async begin(raw) {
    await this.setKeyRecord('session', await encrypt(this.session, 'session', raw));
    this.key = await imported(raw);
    raw.fill(0);
  }

  async resume() {
    const wrapped = await this.keyRecord('session');
    if (!wrapped) return;
    try {
      this.key = await imported(await decrypt(this.session, 'session', wrapped));
    } catch (error) {
      this.key = null;  // of a window that was closed: somebody signs in
    }
  }

  async setPin(number, pin, raw) {
    const name = this.pinName(number);
    const salt = crypto.getRandomValues(new Uint8Array(16));
    const key = await this.pinKey(number, pin, salt, ROUNDS);
    const wrapped = await encrypt(key, name, raw);
    const { tries } = await this.limits();
    await this.setKeyRecord(name, { salt, rounds: ROUNDS, wrapped, tries, at: Date.now() });
  }

  // The salt goes through a key of this browser first, which its own API never gives away.
  async pinKey(number, pin, salt, rounds) {
    const about = encoder.encode(`${this.pinName(number)}:${Array.from(salt)}`);
    const own = await crypto.subtle.sign('HMAC', await this.ownKey(), about);
    const material = await crypto.subtle.importKey('raw', encoder.encode(pin), 'PBKDF2', false, ['deriveKey']);
    const by = { name: 'PBKDF2', hash: 'SHA-256', salt: own, iterations: rounds };
    return crypto.subtle.deriveKey(by, material, AES, false, ['encrypt', 'decrypt']);
  }

  async ownKey() {
    const known = await this.keyRecord('own');
    if (known) return known;
    const made = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    await this.setKeyRecord('own', made);
    return made;
  }

  async limits() { return (await this.keyRecord('limits')) || LIMITS; }

  pinName(number) { return `pin:${number.toLowerCase()}`; }

  async holdsSomething() {
    return (await asked(this.database.transaction(SEALED).objectStore(SEALED).count())) > 0;
  }

  keyRecord(name) {
    return asked(this.database.transaction(KEYS).objectStore(KEYS).get(name));
  }

  async setKeyRecord(name, value) {
    const transaction = this.database.transaction(KEYS, 'readwrite', { durability: 'strict' });
    const done = finished(transaction);
    const store = transaction.objectStore(KEYS);
    if (value === null) store.delete(name); else store.put(value, name);
    await done;
  }
}
