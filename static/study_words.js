// Sentences that come with a view: values filled in, and the plural form that a count wants.

export function filled(sentence, values) {
  const form = typeof sentence === "string" ? sentence : (values.count === 1 && sentence.one) || sentence.other;
  return form.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
