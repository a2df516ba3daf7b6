/** The frame of the admin pages: sections in a bar at the side, under a button on a phone; one page beside it. */
import { effect } from "@preact/signals";
import { Icon, SkipLink } from "@staff/controls";
import { t } from "@staff/i18n";
import { Headset, MenuIcon, X } from "@staff/icons";
import { UserMenu } from "@staff/preferences";
import { href, route } from "@staff/router";
import { may } from "@staff/session";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Section, sectionAt, visibleGroups } from "./sections";

export function Admin() {
  const [open, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const { path } = route.value;
  const section = sectionAt(path);
  useEffect(
    () =>
      effect(() => {
        document.title = `${sectionAt(route.value.path).label()} · Frontline`;
      }),
    [],
  );
  useEffect(() => setOpen(false), [path]); // following a link closes the menu of a phone
  return (
    <div class="admin">
      <SkipLink to="content" />
      <header class="admin-head">
        <button
          ref={opener}
          type="button"
          class="icon-button admin-menu"
          aria-label={t("Menu")}
          aria-expanded={open}
          aria-controls="sections"
          onClick={() => setOpen(!open)}
        >
          <Icon of={open ? X : MenuIcon} size={20} />
        </button>
        <p class="brand">
          <span class="brand-mark">
            <Icon of={Headset} size={18} />
          </span>
          <span class="brand-name">Frontline</span>
        </p>
        <p class="admin-where" aria-hidden="true">
          {section.label()}
        </p>
        <UserMenu>
          {may("tickets.read") && (
            <a class="button button-secondary button-normal panel-wide" href="/console">
              <Icon of={Headset} />
              {t("Console")}
            </a>
          )}
        </UserMenu>
      </header>
      <nav
        id="sections"
        class={open ? "admin-nav admin-nav-open" : "admin-nav"}
        aria-label={t("Pages")}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || !open) return;
          setOpen(false);
          opener.current?.focus();
        }}
      >
        {visibleGroups().map((group) => (
          <section key={group.label()} class="admin-group" aria-label={group.label()}>
            <p class="admin-group-name" aria-hidden="true">
              {group.label()}
            </p>
            <ul>
              {group.sections.map((one) => (
                <li key={one.path}>
                  <NavLink section={one} current={one === section} />
                </li>
              ))}
            </ul>
          </section>
        ))}
      </nav>
      <main class="content" id="content" tabIndex={-1}>
        {section.page(path.slice(1))}
      </main>
    </div>
  );
}

function NavLink({ section, current }: { section: Section; current: boolean }) {
  return (
    <a
      class="admin-link"
      href={href(section.path === "articles" ? [] : [section.path])}
      aria-current={current ? "page" : undefined}
    >
      <Icon of={section.icon} size={17} />
      {section.label()}
    </a>
  );
}
