#include "ui/controls/controls_panel.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QSettings>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/controls/control_row.h"
#include "ui/session/playback.h"
#include "ui/session/session.h"
#include "ui/style/icons.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/section.h"
#include "ui/widgets/segmented.h"

namespace orrery::ui {

ControlsPanel::ControlsPanel(Session& session, QWidget* parent) : QWidget(parent), session_(session) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(12, 8, 4, 8);
  column->setSpacing(6);
  auto* head = new QHBoxLayout;
  head->setContentsMargins(0, 0, 8, 0);
  head->setSpacing(6);
  search_ = new QLineEdit;
  search_->setPlaceholderText(tr("Search controls"));
  search_->setAccessibleName(tr("Search controls"));
  search_->setClearButtonEnabled(true);
  search_->addAction(icon(QStringLiteral("search")), QLineEdit::LeadingPosition);
  head->addWidget(search_, 1);
  simple_ = new Segmented(Segmented::Look::pills);
  simple_->setItems({tr("Simple"), tr("All")}, {tr("The controls one turns most"), tr("Every control")});
  simple_->setAccessibleName(tr("How many controls"));
  simple_->setCurrent(QSettings().value("controls/all", false).toBool() ? 1 : 0);
  head->addWidget(simple_);
  column->addLayout(head);
  model_name_ = new ElidedLabel;
  setRole(model_name_, "dim");
  column->addWidget(model_name_);

  scroll_ = new QScrollArea;
  scroll_->setWidgetResizable(true);
  scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll_->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOn);  // rows keep their width when sections fold
  scroll_->setFocusPolicy(Qt::NoFocus);
  column->addWidget(scroll_, 1);
  empty_ = new EmptyState(QStringLiteral("controls"), tr("Open a model to play with its controls."));
  column->addWidget(empty_, 1);
  auto* about = makeButton({}, "link");
  about->setIcon(icon(QStringLiteral("info")));
  about->setToolTip(tr("The paper, the idea and the objective of this model's system"));
  connect(about, &QPushButton::clicked, this, [this] {
    if (const ModelInfo* model = session_.model()) session_.openSheet(QStringLiteral("catalogue"), {QString::fromStdString(model->system)});
  });
  about_ = about;
  column->addWidget(about_, 0, Qt::AlignLeft);

  connect(search_, &QLineEdit::textChanged, this, &ControlsPanel::filter);
  connect(simple_, &Segmented::chosen, this, [this](int index) {
    QSettings().setValue("controls/all", index == 1);
    filter();
  });
  // Sixty times a second is enough for numbers, however fast the hand or the playback is.
  refresh_timer_.setSingleShot(true);
  refresh_timer_.setInterval(16);
  connect(&refresh_timer_, &QTimer::timeout, this, &ControlsPanel::refresh);
  const auto soon = [this] {
    if (!refresh_timer_.isActive()) refresh_timer_.start();
  };
  connect(&session_, &Session::requestChanged, this, [this, soon](int view) {
    if (view == session_.activeView()) soon();
  });
  connect(&session_, &Session::timelineChanged, this, soon);
  connect(&session_.playback(), &Playback::timeChanged, this, soon);
  connect(&session_, &Session::viewsChanged, this, &ControlsPanel::updateSpecs);
  connect(&session_, &Session::viewModelChanged, this, [this](int view) {
    if (view == session_.activeView()) updateSpecs();
  });
  rebuild();
}

bool ControlsPanel::showsAll() const { return simple_->current() == 1; }

void ControlsPanel::setShowsAll(bool all) {
  simple_->setCurrent(all ? 1 : 0);
  QSettings().setValue("controls/all", all);
  filter();
}

bool ControlsPanel::sameShape(const std::vector<ControlSpec>& specs) const {
  std::size_t count = 0;
  for (const auto& group : groups_) count += group.rows.size();
  if (count != specs.size()) return false;
  return std::all_of(specs.begin(), specs.end(), [this](const ControlSpec& spec) {
    const ControlRow* known = row(spec.id);
    return known && known->spec().kind == spec.kind && known->spec().section == spec.section && known->spec().label == spec.label &&
           known->spec().unavailable == spec.unavailable && known->spec().animatable == spec.animatable &&
           known->spec().choices == spec.choices;
  });
}

void ControlsPanel::updateSpecs() {
  const ModelInfo* model = session_.model();
  if (!model || !sameShape(model->controls)) return rebuild();
  for (const auto& spec : model->controls) row(spec.id)->setSpec(spec);
  model_name_->setText(QString::fromStdString(model->name));
  refresh();
}

void ControlsPanel::rebuild() {
  groups_.clear();
  const ModelInfo* model = session_.model();
  const SystemInfo* system = model ? session_.findSystem(model->system) : nullptr;
  model_name_->setText(model ? QString::fromStdString(model->name) : QString());
  model_name_->setVisible(model != nullptr);
  empty_->setVisible(!model);
  scroll_->setVisible(model != nullptr);
  about_->setVisible(system != nullptr);
  if (system) static_cast<QPushButton*>(about_)->setText(tr("About %1").arg(QString::fromStdString(system->name)));
  const int scrolled = scroll_->verticalScrollBar()->value();
  list_ = new QWidget;
  auto* column = new QVBoxLayout(list_);
  column->setContentsMargins(0, 0, 6, 0);
  column->setSpacing(2);
  if (model) {
    for (const auto& spec : model->controls) {
      const QString title = QString::fromStdString(spec.section);
      auto group = std::find_if(groups_.begin(), groups_.end(), [&](const Group& known) { return known.section->objectName() == title; });
      if (group == groups_.end()) {
        auto* section = new Section(title, "controls/" + title);
        section->setObjectName(title);
        column->addWidget(section);
        groups_.push_back({section, {}, nullptr});
        group = groups_.end() - 1;
      }
      auto* made = new ControlRow(session_, spec);
      group->rows.push_back(made);
      group->section->addWidget(made);
    }
    for (auto& group : groups_) {
      // One reason is said once, under what it greys out.
      const std::string& reason = group.rows.back()->spec().unavailable;
      if (reason.empty()) continue;
      auto* box = new QWidget;
      auto* lines = new QVBoxLayout(box);
      lines->setContentsMargins(0, 0, 0, 0);
      lines->setSpacing(4);
      lines->addWidget(makeWrappedLabel(QString::fromStdString(reason), "small"));
      if (group.rows.back()->spec().id.rfind("direction.", 0) == 0) {
        auto* find = makeButton(tr("Find directions"));
        connect(find, &QPushButton::clicked, this, [this, id = model->id] { session_.submit(DirectionsJob{id}); });
        lines->addWidget(find, 0, Qt::AlignLeft);
      }
      group.reason = box;
      group.section->addWidget(box);
    }
  }
  column->addStretch(1);
  scroll_->setWidget(list_);  // deletes the one before
  // Rows that are too narrow lose their signs at the right: the dock keeps them their room.
  scroll_->setMinimumWidth(model ? list_->minimumSizeHint().width() + scroll_->verticalScrollBar()->sizeHint().width() : 0);
  filter();
  scroll_->verticalScrollBar()->setValue(scrolled);
}

void ControlsPanel::filter() {
  const QString words = search_->text();
  for (auto& group : groups_) {
    int shown = 0;
    for (ControlRow* made : group.rows) {
      const bool wanted = words.isEmpty() ? showsAll() || made->spec().simple : made->matches(words);
      made->setVisible(wanted);
      shown += wanted;
    }
    group.section->setVisible(shown > 0);
    if (group.reason) group.reason->setVisible(shown > 0);
  }
  refresh();
}

void ControlsPanel::refresh() {
  for (auto& group : groups_) {
    int turned = 0;
    for (ControlRow* made : group.rows) {
      made->refresh();
      turned += made->spec().unavailable.empty() && !session_.isNeutral(made->spec().id) && made->isHidden();
    }
    // A control that acts but does not show must not be a riddle.
    group.section->setNote(turned ? tr("%n hidden in use", nullptr, turned) : QString());
  }
}

ControlRow* ControlsPanel::row(const std::string& id) const {
  for (const auto& group : groups_) {
    for (ControlRow* made : group.rows) {
      if (made->spec().id == id) return made;
    }
  }
  return nullptr;
}

void ControlsPanel::reveal(const std::string& id) {
  ControlRow* wanted = row(id);
  if (!wanted) return;
  search_->clear();
  if (!wanted->spec().simple && !showsAll()) setShowsAll(true);
  for (auto& group : groups_) {
    if (std::find(group.rows.begin(), group.rows.end(), wanted) != group.rows.end()) group.section->setFolded(false);
  }
  list_->layout()->activate();
  scroll_->ensureWidgetVisible(wanted, 0, 80);
  wanted->highlight();
}

}  // namespace orrery::ui
