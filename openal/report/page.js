// One condition at a time, chosen in a menu; the address keeps the choice.
(() => {
  const sections = [...document.querySelectorAll("section.condition")];
  const nav = document.querySelector("#conditions");
  if (!nav) return;
  const select = document.createElement("select");
  select.setAttribute("aria-label", "Condition");
  for (const section of sections) {
    select.add(new Option(section.querySelector("h2").textContent, section.id));
  }
  nav.querySelector("ul").replaceWith(select);
  nav.classList.add("menu");
  const show = (id) => {
    const chosen = sections.some((section) => section.id === id) ? id : sections[0].id;
    for (const section of sections) section.hidden = section.id !== chosen;
    select.value = chosen;
  };
  select.addEventListener("change", () => {
    show(select.value);
    history.replaceState(null, "", "#" + select.value);
  });
  addEventListener("hashchange", () => show(location.hash.slice(1)));
  show(location.hash.slice(1));
})();
