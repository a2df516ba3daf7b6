/**
 * What the navigation of the admin pages leads to: one line per section. A new page is added here and nowhere else.
 * `path` is the first part of the address, `page` gets what follows it.
 */
import type { IconType } from "@staff/controls";
import { t } from "@staff/i18n";
import {
  Activity,
  ArrowDownUp,
  BookOpen,
  ChartColumn,
  CheckCheck,
  Clock,
  Flag,
  FlaskConical,
  GraduationCap,
  Headset,
  Hourglass,
  Inbox,
  Languages,
  Layers,
  ListOrdered,
  MessageSquare,
  Search,
  ShieldCheck,
  Split,
  StickyNote,
  ThumbsUp,
  Upload,
  Users,
  Zap,
} from "@staff/icons";
import { may } from "@staff/session";
import type { ComponentChildren } from "preact";
import { HoursPage } from "../../../bot/hours/admin/hours-page";
import { NoticesPage } from "../../../bot/incidents/admin/notices-page";
import { ModelsPage } from "../../../bot/learning/admin/models-page";
import { ReviewPage } from "../../../bot/learning/admin/review-page";
import { ProposedPage } from "../../../bot/proposals/admin/proposed-page";
import { TextsPage } from "../../../bot/wording/admin/texts-page";
import { MacrosPage } from "../../../handoff/automation/admin/macros-page";
import { RulesPage } from "../../../handoff/automation/admin/rules-page";
import { TicketCategoriesPage } from "../../../handoff/case/admin/categories-page";
import { CheckPage } from "../../../handoff/exports/admin/check-page";
import { FeedbackPage } from "../../../handoff/feedback/admin/feedback-page";
import { LevelsPage } from "../../../handoff/routing/admin/levels-page";
import { QueuesPage } from "../../../handoff/routing/admin/queues-page";
import { RoutingPage } from "../../../handoff/routing/admin/rules-page";
import { ServiceLevelPage } from "../../../handoff/service_level/admin/policies-page";
import { ReportsPage } from "../../../handoff/service_level/admin/reports-page";
import { WorkPage } from "../../../handoff/work/admin/work-page";
import { ArticleList } from "./article-list";
import { ArticlePage } from "./article-page";
import { AskedPage } from "./asked-page";
import { CategoryPage } from "./category-page";
import { FiguresPage } from "./figures-page";
import { FilePage } from "./file-page";
import { GoldenPage } from "./golden-page";
import { NewArticle } from "./new-article";
import { PublishingPage } from "./publishing-page";
import { StaffPage } from "./staff-page";
import { StatusPage } from "./status-page";
import { TryPage } from "./try-page";
import { VocabularyPage } from "./vocabulary-page";

export interface Section {
  path: string;
  label: () => string;
  icon: IconType;
  page: (rest: readonly string[]) => ComponentChildren;
  /** Left out: everybody who may open the admin pages. */
  visible?: () => boolean;
}

export interface SectionGroup {
  label: () => string;
  sections: readonly Section[];
}

export const GROUPS: readonly SectionGroup[] = [
  {
    label: () => t("Knowledge"),
    sections: [
      { path: "articles", label: () => t("Articles"), icon: BookOpen, page: articles },
      { path: "categories", label: () => t("Categories"), icon: Layers, page: () => <CategoryPage /> },
      { path: "try", label: () => t("Try it"), icon: FlaskConical, page: () => <TryPage /> },
      { path: "golden", label: () => t("Golden questions"), icon: CheckCheck, page: () => <GoldenPage /> },
      { path: "asked", label: () => t("What people asked"), icon: Search, page: () => <AskedPage /> },
      {
        path: "proposed",
        label: () => t("Proposed articles"),
        icon: StickyNote,
        page: () => <ProposedPage />,
      },
      { path: "figures", label: () => t("How articles do"), icon: ThumbsUp, page: () => <FiguresPage /> },
      { path: "words", label: () => t("Search words"), icon: Languages, page: () => <VocabularyPage /> },
      { path: "files", label: () => t("Import and export"), icon: ArrowDownUp, page: () => <FilePage /> },
    ],
  },
  {
    label: () => t("What the bot says"),
    sections: [
      {
        path: "texts",
        label: () => t("Bot texts"),
        icon: MessageSquare,
        page: (rest) => <TextsPage rest={rest} />,
      },
      {
        path: "hours",
        label: () => t("Opening hours"),
        icon: Clock,
        page: (rest) => <HoursPage rest={rest} />,
      },
      {
        path: "notices",
        label: () => t("Notices"),
        icon: Flag,
        page: (rest) => <NoticesPage rest={rest} />,
      },
    ],
  },
  {
    label: () => t("Learning"),
    sections: [
      {
        path: "review",
        label: () => t("Review"),
        icon: Inbox,
        page: () => <ReviewPage />,
        visible: () => may("learning.read"),
      },
      {
        path: "training",
        label: () => t("Training"),
        icon: GraduationCap,
        page: () => <ModelsPage />,
        visible: () => may("learning.read"),
      },
    ],
  },
  {
    label: () => t("Support desk"),
    sections: [
      {
        path: "queues",
        label: () => t("Queues"),
        icon: ListOrdered,
        page: (rest) => <QueuesPage rest={rest} />,
        visible: () => may("reports.read"),
      },
      {
        path: "routing",
        label: () => t("Routing"),
        icon: Split,
        page: (rest) => <RoutingPage rest={rest} />,
        visible: () => may("reports.read"),
      },
      {
        path: "levels",
        label: () => t("Levels"),
        icon: Headset,
        page: () => <LevelsPage />,
        visible: () => may("reports.read"),
      },
      {
        path: "ticket-categories",
        label: () => t("Ticket categories"),
        icon: Layers,
        page: () => <TicketCategoriesPage />,
        visible: () => may("tickets.read"),
      },
      {
        path: "macros",
        label: () => t("Macros"),
        icon: Zap,
        page: (rest) => <MacrosPage rest={rest} />,
        visible: () => may("desk.configure"),
      },
      {
        path: "rules",
        label: () => t("Rules for tickets"),
        icon: ListOrdered,
        page: (rest) => <RulesPage rest={rest} />,
        visible: () => may("desk.configure"),
      },
      {
        path: "service-level",
        label: () => t("Service levels"),
        icon: Hourglass,
        page: (rest) => <ServiceLevelPage rest={rest} />,
        visible: () => may("reports.read"),
      },
      {
        path: "transcripts",
        label: () => t("Transcripts"),
        icon: ShieldCheck,
        page: () => <CheckPage />,
        visible: () => may("transcripts.read"),
      },
      {
        path: "work",
        label: () => t("Giving out work"),
        icon: Split,
        page: () => <WorkPage />,
        visible: () => may("reports.read"),
      },
      {
        path: "reports",
        label: () => t("Reports"),
        icon: ChartColumn,
        page: () => <ReportsPage />,
        visible: () => may("reports.read"),
      },
      {
        path: "feedback",
        label: () => t("Feedback"),
        icon: ThumbsUp,
        page: () => <FeedbackPage />,
        visible: () => may("reports.read"),
      },
    ],
  },
  {
    label: () => t("System"),
    sections: [
      { path: "status", label: () => t("Status"), icon: Activity, page: () => <StatusPage /> },
      {
        path: "staff",
        label: () => t("Staff"),
        icon: Users,
        page: () => <StaffPage />,
        visible: () => may("staff.manage"),
      },
      {
        path: "publishing",
        label: () => t("Publishing"),
        icon: Upload,
        page: () => <PublishingPage />,
        visible: () => may("staff.manage"),
      },
    ],
  },
];

const ALL: readonly Section[] = GROUPS.flatMap((group) => group.sections);

/** The section an address belongs to; an unknown or empty one is the first, the articles. */
export function sectionAt(path: readonly string[]): Section {
  return ALL.find((section) => section.path === path[0]) ?? (ALL[0] as Section);
}

/** The groups with the sections this person sees; empty groups are left out. */
export function visibleGroups(): SectionGroup[] {
  return GROUPS.map((group) => ({
    ...group,
    sections: group.sections.filter((section) => section.visible?.() ?? true),
  })).filter((group) => group.sections.length > 0);
}

function articles([id]: readonly string[]) {
  if (id === "new") return <NewArticle key="new" />;
  return id ? <ArticlePage key={id} id={id} /> : <ArticleList />;
}
