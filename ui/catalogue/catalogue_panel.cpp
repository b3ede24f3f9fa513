#include "ui/catalogue/catalogue_panel.h"

#include <QCheckBox>
#include <QLabel>
#include <QLineEdit>
#include <QScrollArea>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "ui/catalogue/explained_page.h"
#include "ui/catalogue/fitting.h"
#include "ui/catalogue/kind_diagram.h"
#include "ui/catalogue/measured.h"
#include "ui/catalogue/system_card.h"
#include "ui/data/current_data.h"
#include "ui/project/attached.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/tight.h"

namespace orrery::ui {

CataloguePanel::CataloguePanel(Session& session, QWidget* parent) : QWidget(parent), session_(session) {
  search_ = new QLineEdit;
  search_->setPlaceholderText(tr("Search systems"));
  search_->setAccessibleName(tr("Search systems"));
  search_->setClearButtonEnabled(true);
  kinds_ = new Segmented(Segmented::Look::tabs);
  kinds_->setAccessibleName(tr("Kind of system"));
  QStringList names{tr("All")};
  kind_of_item_ = {std::nullopt};
  for (const Kind kind : {Kind::generator, Kind::denoiser, Kind::autoencoder, Kind::token_model}) {
    // A kind without systems is no choice.
    if (std::none_of(session.systems().begin(), session.systems().end(), [kind](const SystemInfo& system) { return system.kind == kind; })) continue;
    names << kindPlural(kind);
    kind_of_item_.push_back(kind);
  }
  kinds_->setItems(names);
  fitting_ = new QCheckBox(tr("Only what the data at hand allows"));

  auto* cards = new QWidget;
  auto* flow = new FlowLayout(12, true);
  cards->setLayout(flow);
  for (const auto& system : session.systems()) {
    auto* card = new SystemCard(system);
    connect(card, &QAbstractButton::clicked, this, [this, system] { explain(system); });
    flow->addWidget(card);
    cards_.push_back(card);
  }
  none_ = makeWrappedLabel(tr("No system fits. Clear the search, or choose other data."), "dim");
  auto* content = new QWidget;
  auto* inner = tight(new QVBoxLayout(content), 12);
  inner->addWidget(cards);
  inner->addWidget(none_);
  inner->addStretch(1);
  auto* scroll = new QScrollArea;
  scroll->setWidget(content);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);

  auto* list = new QWidget;
  auto* column = new QVBoxLayout(list);
  column->setContentsMargins(0, 0, 8, 0);
  column->setSpacing(10);
  column->addWidget(search_);
  column->addWidget(kinds_, 0, Qt::AlignLeft);
  column->addWidget(fitting_);
  column->addWidget(scroll, 1);
  pages_ = new QStackedWidget;
  pages_->addWidget(list);
  tight(new QVBoxLayout(this), 0)->addWidget(pages_);
  setFocusProxy(search_);

  connect(search_, &QLineEdit::textChanged, this, &CataloguePanel::filter);
  connect(kinds_, &Segmented::chosen, this, &CataloguePanel::filter);
  connect(fitting_, &QCheckBox::toggled, this, &CataloguePanel::filter);
  connect(&attached<CurrentData>(session), &CurrentData::changed, this, &CataloguePanel::filter);
  connect(&attached<MeasuredSpeeds>(session), &MeasuredSpeeds::changed, this, &CataloguePanel::measure);
  measure();
  filter();
}

void CataloguePanel::measure() {
  for (auto* card : cards_) {
    const auto measured = attached<MeasuredSpeeds>(session_).of(card->system().id);
    card->setMeasured(measured ? tr("%1 pictures/s here").arg(formatNumber(measured->pictures_per_s, measured->pictures_per_s < 10 ? 1 : 0)) : QString());
  }
}

void CataloguePanel::filter() {
  const auto& data = attached<CurrentData>(session_);
  const bool known = data.info().has_value();
  fitting_->setEnabled(known);
  fitting_->setText(known ? tr("Only what \"%1\" allows").arg(QString::fromStdString(data.info()->name)) : tr("Only what the data at hand allows"));
  fitting_->setToolTip(known ? QString() : tr("Choose data in the Data workspace first."));
  const auto kind = kind_of_item_[kinds_->current()];
  const QStringList words = search_->text().split(QLatin1Char(' '), Qt::SkipEmptyParts);
  int shown = 0;
  for (auto* card : cards_) {
    const auto& system = card->system();
    const QString unfit = known ? whyUnfit(system, *data.info()) : QString();
    card->setUnfit(unfit);
    bool fits = (!kind || system.kind == *kind) && (unfit.isEmpty() || !fitting_->isChecked() || !known);
    const QString about = QString::fromStdString(system.name + " " + system.id + " " + system.authors + " " + system.paper + " " + system.sentence + " " + std::to_string(system.year));
    for (const QString& word : words) fits = fits && about.contains(word, Qt::CaseInsensitive);
    card->setVisible(fits);
    shown += fits ? 1 : 0;
  }
  none_->setVisible(shown == 0);
}

void CataloguePanel::explain(const SystemInfo& system) {
  showList();
  auto* page = new ExplainedPage(session_, system);
  connect(page, &ExplainedPage::back, this, &CataloguePanel::showList);
  pages_->addWidget(page);
  pages_->setCurrentWidget(page);
  page->setFocus();
}

void CataloguePanel::showList() {
  pages_->setCurrentIndex(0);
  while (pages_->count() > 1) {
    QWidget* page = pages_->widget(1);
    pages_->removeWidget(page);
    page->deleteLater();
  }
}

void CataloguePanel::setArguments(const QStringList& arguments) {
  showList();
  for (const QString& argument : arguments) {
    if (const SystemInfo* system = session_.findSystem(argument.toStdString())) return explain(*system);
  }
}

}  // namespace orrery::ui
