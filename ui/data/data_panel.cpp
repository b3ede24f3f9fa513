#include "ui/data/data_panel.h"

#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QGridLayout>
#include <QGuiApplication>
#include <QHeaderView>
#include <QLabel>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/catalogue/fitting.h"
#include "ui/catalogue/kind_diagram.h"
#include "ui/data/class_bars.h"
#include "ui/data/current_data.h"
#include "ui/data/network_view.h"
#include "ui/data/problem_model.h"
#include "ui/project/attached.h"
#include "ui/project/reveal_file.h"
#include "ui/shelf/shelf_keeper.h"
#include "ui/style/icons.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/section.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/tight.h"

namespace orrery::ui {
namespace {

QWidget* tile(QLabel*& value, const QString& name) {
  auto* box = new QWidget;
  auto* column = tight(new QVBoxLayout(box), 0);
  value = makeLabel(QStringLiteral("–"), "heading");
  value->setAccessibleName(name);
  column->addWidget(value);
  column->addWidget(makeLabel(name, "small"));
  return box;
}

}  // namespace

DataPanel::DataPanel(Session& session, QWidget* parent) : QWidget(parent), session_(session), data_(attached<CurrentData>(session)), shelf_(attached<ShelfKeeper>(session)) {
  setAcceptDrops(true);
  stores_ = new QComboBox;
  stores_->setAccessibleName(tr("Data at hand"));
  stores_->setPlaceholderText(tr("Choose data"));
  stores_->setMinimumWidth(200);
  auto* import = withTip(makeButton(tr("Import...")), tr("Pictures, films, zips or fonts become a data set"));
  import->setIcon(icon(QStringLiteral("import")));
  auto* reveal = makeIconButton(QStringLiteral("folder"), tr("Show in folder"));
  auto* top = new QHBoxLayout;
  top->setContentsMargins(16, 12, 16, 8);
  top->setSpacing(8);
  top->addWidget(stores_, 1);
  top->addWidget(reveal);
  top->addWidget(import);

  job_box_ = new QWidget;
  auto* job_row = new QHBoxLayout(job_box_);
  job_row->setContentsMargins(16, 0, 16, 8);
  job_text_ = new ElidedLabel;
  job_text_->setProperty("role", "dim");
  job_progress_ = new QProgressBar;
  job_progress_->setRange(0, 1000);
  job_progress_->setTextVisible(false);
  job_progress_->setAccessibleName(tr("Progress of the import"));
  auto* cancel = makeButton(tr("Cancel"), "flat");
  job_row->addWidget(job_text_, 1);
  job_row->addWidget(job_progress_, 1);
  job_row->addWidget(cancel);
  job_box_->hide();

  auto* tiles = tight(new QHBoxLayout, 28);
  tiles->addWidget(tile(pictures_, tr("pictures")));
  tiles->addWidget(tile(size_, tr("size")));
  tiles->addWidget(tile(classes_count_, tr("classes")));
  tiles->addWidget(tile(skipped_, tr("skipped")));
  tiles->addWidget(tile(bytes_, tr("on disk")));
  tiles->addStretch(1);

  network_ = new NetworkView(session);
  auto* seen = new Section(tr("What the network will see"), QStringLiteral("data_network"));
  seen->addWidget(network_);
  bars_ = new ClassBars;
  auto* by_count = new QCheckBox(tr("Most first"));
  class_section_ = new Section(tr("Classes"), QStringLiteral("data_classes"));
  class_section_->addWidget(by_count);
  class_section_->addWidget(bars_);
  problems_ = new ProblemModel(this);
  problem_filter_ = new Segmented(Segmented::Look::pills);
  problem_filter_->setAccessibleName(tr("Which problems to show"));
  problem_table_ = new QTableView;
  problem_table_->setModel(problems_);
  problem_table_->setAccessibleName(tr("Problems"));
  problem_table_->setShowGrid(false);
  problem_table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  problem_table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  problem_table_->verticalHeader()->hide();
  problem_table_->verticalHeader()->setDefaultSectionSize(26);
  problem_table_->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Interactive);
  problem_table_->horizontalHeader()->setStretchLastSection(true);
  problem_table_->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  problem_table_->horizontalHeader()->resizeSection(0, 220);
  problem_table_->setMinimumHeight(160);
  problem_table_->setTabKeyNavigation(false);
  auto* copy = makeIconButton(QStringLiteral("copy"), tr("Copy the list"));
  problem_section_ = new Section(tr("Problems"), QStringLiteral("data_problems"));
  auto* problem_bar = new QWidget;
  auto* problem_row = tight(new QHBoxLayout(problem_bar));
  problem_row->addWidget(problem_filter_);
  problem_row->addStretch(1);
  problem_row->addWidget(copy);
  problem_section_->addWidget(problem_bar);
  problem_section_->addWidget(problem_table_);

  auto* offer_section = new Section(tr("Train"), QStringLiteral("data_train"));
  auto* offer_box = new QWidget;
  offer_column_ = tight(new QVBoxLayout(offer_box), 6);
  offer_section->addWidget(offer_box);

  error_ = makeWrappedLabel(QString(), "danger");
  body_ = new QWidget;
  auto* grid = new QGridLayout(body_);
  grid->setContentsMargins(16, 4, 16, 16);
  grid->setHorizontalSpacing(32);
  grid->setVerticalSpacing(14);
  grid->addLayout(tiles, 0, 0, 1, 2);
  grid->addWidget(error_, 1, 0, 1, 2);
  auto* left = tight(new QVBoxLayout, 14);
  left->addWidget(seen);
  left->addWidget(offer_section);
  left->addStretch(1);
  auto* right = tight(new QVBoxLayout, 14);
  right->addWidget(class_section_);
  right->addWidget(problem_section_);
  right->addStretch(1);
  grid->addLayout(left, 2, 0);
  grid->addLayout(right, 2, 1);
  grid->setColumnStretch(0, 3);
  grid->setColumnStretch(1, 2);
  grid->setRowStretch(2, 1);
  auto* scroll = new QScrollArea;
  scroll->setWidget(body_);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  auto* empty = new EmptyState(QStringLiteral("drop"), tr("Drop a folder of pictures, a film, a zip or a font anywhere on the window."), tr("Import..."));
  empty_ = empty;

  auto* column = tight(new QVBoxLayout(this), 0);
  column->addLayout(top);
  column->addWidget(job_box_);
  column->addWidget(scroll, 1);
  column->addWidget(empty, 1);
  body_ = scroll;

  connect(stores_, &QComboBox::activated, this, [this] { data_.setStore(stores_->currentData().toString()); });
  connect(import, &QPushButton::clicked, this, [this] { session_.openSheet(QStringLiteral("import")); });
  connect(empty, &EmptyState::clicked, this, [this] { session_.openSheet(QStringLiteral("import")); });
  connect(reveal, &QToolButton::clicked, this, [this] {
    if (!isBuiltIn(data_.store()) && !data_.store().isEmpty()) revealFile(data_.store());
  });
  connect(&data_, &CurrentData::changed, reveal, [this, reveal] { reveal->setEnabled(!data_.store().isEmpty() && !isBuiltIn(data_.store())); });
  reveal->setEnabled(false);
  connect(cancel, &QPushButton::clicked, this, [this] { session_.say(job_, JobVerb::cancel); });
  connect(by_count, &QCheckBox::toggled, bars_, &ClassBars::setByCount);
  connect(problem_filter_, &Segmented::chosen, this, [this](int index) { problems_->setShow(static_cast<ProblemModel::Show>(index)); });
  connect(copy, &QToolButton::clicked, this, [this] { QGuiApplication::clipboard()->setText(problems_->asText()); });
  connect(&data_, &CurrentData::changed, this, &DataPanel::refresh);
  connect(&shelf_.store(), &ShelfStore::changed, this, &DataPanel::fillStores);
  connect(&shelf_, &ShelfKeeper::missingChanged, this, &DataPanel::fillStores);
  connect(&session, &Session::jobChanged, this, &DataPanel::takeJob);
  fillStores();
  refresh();
}

void DataPanel::fillStores() {
  const QSignalBlocker blocker(stores_);
  stores_->clear();
  for (const auto& entry : shelf_.store().entries()) {
    if (entry.kind == ShelfKind::data && !shelf_.missing(entry.path)) stores_->addItem(entry.name, entry.path);
  }
  const QString now = data_.store();
  if (!now.isEmpty() && stores_->findData(now) < 0) stores_->addItem(QFileInfo(now).fileName(), now);
  stores_->setCurrentIndex(now.isEmpty() ? -1 : stores_->findData(now));
}

void DataPanel::refresh() {
  fillStores();
  const bool any = !data_.store().isEmpty();
  body_->setVisible(any);
  empty_->setVisible(!any);
  error_->setVisible(data_.error().has_value());
  if (data_.error()) error_->setText(QString::fromStdString(data_.error()->what_happened + " " + data_.error()->what_to_do));
  const auto& info = data_.info();
  const QLocale locale;
  const QString none = QStringLiteral("–");
  pictures_->setText(info ? locale.toString(qlonglong(info->taken)) : none);
  size_->setText(info ? QStringLiteral("%1 × %2").arg(info->width_px).arg(info->height_px) : none);
  classes_count_->setText(info ? (info->class_names.empty() ? tr("none") : locale.toString(qlonglong(info->class_names.size()))) : none);
  skipped_->setText(info ? locale.toString(qlonglong(info->skipped)) : none);
  skipped_->setToolTip(info ? tr("%1 seen, %2 taken, %3 skipped").arg(locale.toString(qlonglong(info->seen)), locale.toString(qlonglong(info->taken)), locale.toString(qlonglong(info->skipped))) : QString());
  const qint64 bytes = QFileInfo(data_.store()).size();
  bytes_->setText(bytes > 0 ? formatBytes(bytes) : none);
  class_section_->setVisible(info && !info->class_names.empty());
  if (info) bars_->setCounts(info->class_names, info->class_counts);
  problems_->setProblems(info ? info->problems : std::vector<ImportProblem>());
  const int skipped = problems_->skipped(), kept = problems_->kept();
  problem_section_->setVisible(info && !info->problems.empty());
  problem_section_->setNote(locale.toString(skipped + kept));
  problem_filter_->setItems({tr("All"), tr("Skipped %1").arg(locale.toString(skipped)), tr("Changed %1").arg(locale.toString(kept))},
                            {QString(), tr("Not taken into the data set"), tr("Taken, but not as they were")});
  refreshOffers();
}

// Up to three systems that this data allows, and the way to the others.
void DataPanel::refreshOffers() {
  while (QLayoutItem* item = offer_column_->takeAt(0)) {
    if (QWidget* widget = item->widget()) {
      widget->hide();
      widget->deleteLater();
    }
    delete item;
  }
  offers_.clear();
  if (!data_.info()) return;
  const auto systems = offered(session_.systems(), *data_.info());
  for (const SystemInfo* system : systems) {
    auto* box = new QWidget;
    auto* row = tight(new QHBoxLayout(box), 12);
    auto* diagram = new KindDiagram(system->kind);
    diagram->setFixedSize(120, 44);
    auto* text = tight(new QVBoxLayout, 0);
    text->addWidget(makeLabel(QString::fromStdString(system->name)));
    text->addWidget(makeWrappedLabel(QString::fromStdString(system->sentence), "small"));
    auto* train = makeButton(tr("Train"), offers_.isEmpty() ? "primary" : "");
    train->setAccessibleName(tr("Train %1 on this data").arg(QString::fromStdString(system->name)));
    connect(train, &QPushButton::clicked, this, [this, id = system->id] {
      session_.openSheet(QStringLiteral("new-run"), {QStringLiteral("system=") + QString::fromStdString(id), QStringLiteral("data=") + data_.store()});
    });
    row->addWidget(diagram);
    row->addLayout(text, 1);
    row->addWidget(train);
    offer_column_->addWidget(box);
    offers_ << train;
  }
  if (systems.empty()) offer_column_->addWidget(makeWrappedLabel(tr("No system of this build can be trained on this data."), "dim"));
  auto* all = makeButton(tr("All systems..."), "link");
  connect(all, &QPushButton::clicked, this, [this] { session_.openSheet(QStringLiteral("catalogue")); });
  offer_column_->addWidget(all, 0, Qt::AlignLeft);
}

void DataPanel::takeJob(const JobStatus& status) {
  if (status.kind != "import") return;
  if (status.finished()) {
    if (status.id == job_) job_box_->hide();
    return;
  }
  job_ = status.id;
  job_box_->show();
  QString text = QString::fromStdString(status.title);
  if (!status.message.empty()) text += QStringLiteral(": ") + QString::fromStdString(status.message);
  if (status.eta_s) text += tr(", %1 left").arg(formatDuration(*status.eta_s));
  job_text_->setText(text);
  job_progress_->setRange(0, status.fraction < 0.0 ? 0 : 1000);
  job_progress_->setValue(static_cast<int>(1000.0 * status.fraction));
}

void DataPanel::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void DataPanel::dropEvent(QDropEvent* event) {
  QStringList paths;
  for (const QUrl& url : event->mimeData()->urls()) {
    if (url.isLocalFile()) paths << url.toLocalFile();
  }
  if (paths.isEmpty()) return;
  event->acceptProposedAction();
  session_.openPaths(paths);
}

}  // namespace orrery::ui
