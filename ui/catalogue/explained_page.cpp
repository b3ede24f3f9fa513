#include "ui/catalogue/explained_page.h"

#include <QDesktopServices>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>
#include <QRegularExpression>
#include <QScrollArea>
#include <QToolButton>
#include <QUrl>
#include <QVBoxLayout>

#include "ui/catalogue/equation_view.h"
#include "ui/catalogue/fitting.h"
#include "ui/catalogue/kind_diagram.h"
#include "ui/style/colors.h"
#include "ui/train/config_book.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/tight.h"

namespace orrery::ui {

Symbol symbolFrom(const std::string& text) {
  const QString line = QString::fromStdString(text);
  Symbol symbol;
  const int colon = line.indexOf(QLatin1Char(':'));
  symbol.sign = line.left(std::max(0, colon)).trimmed();
  symbol.meaning = line.mid(colon + 1).trimmed();
  // Ids have a dot ("truncation.psi"); within a bracket that names one, single words are ids too ("seed, latent.pad").
  static const QRegularExpression dotted(QStringLiteral("\\b[a-z][a-z0-9_]*(?:\\.[a-z0-9_]+)*\\.(?:[a-z0-9_]+|\\*)"));
  static const QRegularExpression list(QStringLiteral("^[a-z0-9_.*, ]+$"));
  const auto take = [&symbol](const QString& words) {
    for (auto found = dotted.globalMatch(words); found.hasNext();) symbol.ids.push_back(found.next().captured().toStdString());
  };
  const int open = symbol.meaning.lastIndexOf(QLatin1Char('('));
  if (open >= 0 && symbol.meaning.endsWith(QLatin1Char(')'))) {
    const QString inside = symbol.meaning.mid(open + 1).chopped(1);
    if (dotted.match(inside).hasMatch()) {
      symbol.meaning = symbol.meaning.left(open).trimmed();
      if (list.match(inside).hasMatch()) {
        for (const QString& word : inside.split(QLatin1Char(','))) symbol.ids.push_back(word.trimmed().toStdString());
      } else {
        take(inside);
      }
    }
  } else if (list.match(symbol.meaning).hasMatch() && dotted.match(symbol.meaning).hasMatch()) {
    take(symbol.meaning);
    symbol.meaning.clear();
  }
  return symbol;
}

ExplainedPage::ExplainedPage(Session& session, const SystemInfo& system, QWidget* parent) : QWidget(parent), session_(session), system_(system) {
  const auto text = [](const std::string& plain) { return QString::fromStdString(plain); };
  if (!system.presets.empty()) {
    const auto config = session.studio().catalogue->config(system.id, system.presets.front().id);
    if (const auto book = config ? ConfigBook::parse(config.value()) : std::nullopt) {
      for (const auto& key : book->keys()) settings_.push_back(key.path);
    }
  }
  auto* content = new QWidget;
  auto* column = new QVBoxLayout(content);
  column->setContentsMargins(0, 0, 8, 16);
  column->setSpacing(10);

  auto* to_list = makeButton(tr("All systems"), "link");
  connect(to_list, &QPushButton::clicked, this, &ExplainedPage::back);
  column->addWidget(to_list, 0, Qt::AlignLeft);
  column->addWidget(makeLabel(text(system.name), "title"));
  column->addWidget(new KindDiagram(system.kind));
  column->addWidget(makeWrappedLabel(text(system.sentence)));

  auto* verbs = tight(new QHBoxLayout);
  auto* train = makeButton(tr("Train it"), "primary");
  train->setEnabled(trains(system));
  train->setToolTip(trains(system) ? tr("Opens the form of a new run.") : tr("This system does not train here yet: it plays models made elsewhere."));
  connect(train, &QPushButton::clicked, this, [this] { session_.openSheet(QStringLiteral("new-run"), {QStringLiteral("system=") + QString::fromStdString(system_.id)}); });
  verbs->addWidget(train);
  for (const auto& model : session.models()) {
    if (model.system != system.id) continue;
    auto* play = withTip(makeButton(tr("Play %1").arg(text(model.name))), tr("Shows this model on the stage."));
    connect(play, &QPushButton::clicked, this, [this, id = model.id] {
      session_.showModel(id);
      session_.openWorkspace(QStringLiteral("play"));
      session_.closeSheet();
    });
    verbs->addWidget(play);
    break;
  }
  verbs->addStretch(1);
  column->addLayout(verbs);

  const auto heading = [column](const QString& words) {
    column->addSpacing(6);
    column->addWidget(makeLabel(words, "heading"));
  };
  heading(tr("Paper"));
  column->addWidget(makeWrappedLabel(text(system.paper)));
  column->addWidget(makeWrappedLabel(QStringLiteral("%1, %2").arg(text(system.authors)).arg(system.year), "dim"));
  if (!system.url.empty()) {
    auto* link = makeButton(text(system.url), "link");
    link->setToolTip(tr("Opens in the browser"));
    connect(link, &QPushButton::clicked, this, [url = text(system.url)] { QDesktopServices::openUrl(QUrl(url)); });
    column->addWidget(link, 0, Qt::AlignLeft);
  }
  if (!system.idea.empty()) {
    heading(tr("Idea"));
    for (const auto& sentence : system.idea) column->addWidget(makeWrappedLabel(text(sentence)));
  }
  if (!system.equation.empty()) {
    heading(tr("Objective"));
    column->addWidget(new EquationView(text(system.equation)));
  }
  for (const auto& symbol : system.symbols) column->addWidget(symbolRow(symbolFrom(symbol)));
  if (!system.try_first.empty()) {
    heading(tr("Try first"));
    column->addWidget(makeWrappedLabel(text(system.try_first)));
  }

  const auto& models = session.models();
  const auto model = std::find_if(models.begin(), models.end(), [&](const ModelInfo& one) { return one.system == system.id; });
  heading(tr("Controls"));
  if (model == models.end()) column->addWidget(makeWrappedLabel(tr("They depend on the model: open or train one of this system."), "dim"));
  std::string section;
  for (const auto& spec : model == models.end() ? std::vector<ControlSpec>() : model->controls) {
    if (spec.section != section) {
      section = spec.section;
      column->addWidget(makeLabel(text(section), "small"));
    }
    auto* name = makeButton(text(spec.label), "link");
    name->setToolTip(tr("Shows it among the controls"));
    connect(name, &QPushButton::clicked, this, [this, id = spec.id] { showControl(id); });
    column->addWidget(name, 0, Qt::AlignLeft);
    column->addWidget(makeWrappedLabel(text(spec.help), "dim"));
  }
  column->addStretch(1);

  auto* scroll = new QScrollArea;
  scroll->setWidget(content);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  tight(new QVBoxLayout(this), 0)->addWidget(scroll);
  setFocusProxy(to_list);
}

QWidget* ExplainedPage::symbolRow(const Symbol& symbol) {
  auto* box = new QWidget;
  auto* column = tight(new QVBoxLayout(box), 0);
  auto* line = tight(new QHBoxLayout);
  QLabel* sign = makeLabel(symbol.sign);
  sign->setMinimumWidth(64);
  line->addWidget(sign, 0, Qt::AlignTop);
  if (!symbol.meaning.isEmpty()) line->addWidget(makeWrappedLabel(symbol.meaning, "dim"), 1);
  if (symbol.meaning.isEmpty()) line->addStretch(1);
  column->addLayout(line);
  auto* links = new QWidget;
  links->setContentsMargins(60, 0, 0, 0);
  auto* flow = new FlowLayout(2);
  links->setLayout(flow);
  for (const auto& id : symbol.ids) {
    // Under the name the person knows it by: a control's label, a setting's path.
    const ControlSpec* spec = session_.spec(id);
    if (!spec && !isSetting(id)) continue;
    auto* link = makeButton(QString::fromStdString(spec ? spec->label : id), "link");
    link->setObjectName(QString::fromStdString(id));
    link->setToolTip(spec ? tr("Shows this control") : tr("Shows this setting of a new run"));
    connect(link, &QPushButton::clicked, this, [this, id] { showControl(id); });
    flow->addWidget(link);
  }
  links->setVisible(flow->count() > 0);
  column->addWidget(links);
  return box;
}

bool ExplainedPage::isSetting(const std::string& id) const {
  const std::string stem = id.ends_with(".*") ? id.substr(0, id.size() - 1) : id;
  return std::any_of(settings_.begin(), settings_.end(), [&](const std::string& path) { return stem == id ? path == id : path.starts_with(stem); });
}

void ExplainedPage::showControl(const std::string& id) {
  // A control of the model at hand, else a key of the configuration.
  if (session_.spec(id)) {
    session_.closeSheet();
    session_.openWorkspace(QStringLiteral("play"));
    Q_EMIT session_.controlWanted(QString::fromStdString(id));
  } else {
    session_.openSheet(QStringLiteral("new-run"), {QStringLiteral("system=") + QString::fromStdString(system_.id), QStringLiteral("key=") + QString::fromStdString(id)});
  }
}

}  // namespace orrery::ui
