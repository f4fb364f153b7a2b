// What a browser keeps for a page. It may keep nothing, be full, or give back anything at all.

/** What a store gives; undefined where there is none, or it is full, or not allowed. */
export function stored(act) {
  try {
    return act();
  } catch {
    return undefined;
  }
}

/** The list in a JSON text; none where it is damaged. */
export function listed(text) {
  try {
    const found = JSON.parse(text ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

/** A value that this tab keeps, or is to keep (null: no longer). */
export function sessionValue(key, value) {
  return stored(() => {
    if (value === null) sessionStorage.removeItem(key);
    else if (value !== undefined) sessionStorage.setItem(key, value);
    return sessionStorage.getItem(key) ?? undefined;
  });
}
